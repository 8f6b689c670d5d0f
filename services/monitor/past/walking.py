"""Walks through the past by the rules that are tried, and by today's beside them."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from services.monitor.backtest import Backtest, Come, Said
from services.monitor.incidents.finding import Beside
from services.monitor.incidents.found import Found, difference
from services.monitor.past import topics
from services.monitor.past.outcome import Outcome
from services.monitor.past.pieces import Past, Refusals
from services.monitor.past.tickets import Compared, Ticket, compare, tickets_in
from services.monitor.rules.file import RulesFile
from shared.connecting.brokers import Brokers
from shared.events import Fact, TicketOpened, Topic

Moved = Callable[[int, int], None]  # is told how far the past is read, and how many events that were


@dataclass(frozen=True)
class Trial:
    """Says what is tried. `beside`: what is known beside events; `every`: seconds of event time between two checkpoints."""

    tried: RulesFile
    today: RulesFile
    beside: Beside
    label: str = "draft"  # what the tried rules are called
    every: float = 1.0

    @property
    def asks_for_tiers(self) -> bool:
        """Says whether any rule makes incidents worse for the tiers of those whom they touch."""
        return any(step.tier for each in (self.tried, self.today) for rule in each.components for step in rule.escalate.values())

    @property
    def asks_for_renewals(self) -> bool:
        """Says whether any rule looks at when customers renew."""
        return bool(self.tried.renewals or self.today.renewals)

    def walks(self, partitions: int = 1) -> list[Backtest]:
        """Returns the tried rules at their start, and today's where they are others."""
        sets = [self.tried] if self.tried == self.today else [self.tried, self.today]
        return [Backtest(each, self.beside, partitions) for each in sets]


async def walk_topic(
    brokers: Brokers, trial: Trial, since: float, begun: Callable[[int | None], Moved], topic: str = Topic.PRODUCT_EVENTS
) -> Outcome:
    """Returns what is found in a topic since then, beside the tickets that came. Raises Failed.

    `begun` is told the number of records, and returns who is told how far they are read.
    """
    refusals = Refusals()
    customers = await topics.customers_of(brokers) if trial.asks_for_tiers or trial.asks_for_renewals else []
    trial = replace(trial, beside=await topics.known_beside(brokers, trial.beside, customers))
    said = [*(topics.from_the_beginning(customers) if trial.asks_for_renewals else ()), *await topics.tickets_of(brokers)]
    async with topics.past_of(brokers, topic, since, refusals, sorted(said, key=lambda each: each.at)) as past:
        return await walk(trial, past, refusals, trial.walks(past.partitions), begun(past.size))


def _by_rule(found: Sequence[Found], tickets: Sequence[Ticket]) -> dict[str, Compared]:
    of_rules: dict[str, list[Found]] = {}
    for each in found:
        of_rules.setdefault(each.rule, []).append(each)
    return {rule: compare(own, tickets, frozenset(each.component for each in own)) for rule, own in of_rules.items()}


async def walk(trial: Trial, past: Past, refusals: Refusals, walks: Sequence[Backtest], moved: Moved) -> Outcome:
    """Has all rules walk through the past side by side, and compares what they find with the tickets that came."""
    begins, ends, events, facts = math.inf, 0.0, 0, list[Fact]()
    async for piece in past.pieces:
        for each in walks:
            each.follow(piece.come, trial.every)
        times = [min(come.event.time.timestamp(), come.at) for come in piece.come if isinstance(come, Come)]
        facts += [said.fact for said in piece.come if isinstance(said, Said) and isinstance(said.fact, TicketOpened)]
        begins, ends, events = min([begins, *times]), max([ends, *times]), events + len(times)
        moved(piece.done, events)
        await asyncio.sleep(0)  # Ctrl-C is heard
    for each in walks:
        each.end()
    begins = min(begins, ends)
    tickets = tickets_in(facts, max(past.since, begins)) if facts or past.has_tickets else None
    return _outcome(trial, walks, (begins, ends), refusals, tickets)


def _outcome(
    trial: Trial, walks: Sequence[Backtest], over: tuple[float, float], refusals: Refusals, tickets: Sequence[Ticket] | None
) -> Outcome:
    tried, today = walks[0], walks[1] if len(walks) > 1 else None
    return Outcome(
        trial.label,
        *over,
        tried.account,
        refusals,
        tried.incidents,
        None if today is None else today.incidents,
        None if today is None else difference(today.incidents, tried.incidents),
        None if tickets is None else compare(tried.incidents, tickets, tried.components),
        tried.risks,
        None if today is None else today.risks,
        muted=tried.muted,
        of_rules={} if tickets is None else _by_rule(tried.incidents, tickets),
        candidates=tried.candidates,
        candidates_today=None if today is None else today.candidates,
    )
