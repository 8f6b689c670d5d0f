"""The candidates of a history: found, absorbed by an incident of their component, or dropped when complaints calm down. Pure.

Live, `hearing/tickets.py` and `acts/surging.py` do the same in tables. In a history nobody approves or dismisses a candidate.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.monitor.detectors.surge import HOUR
from services.monitor.incidents.candidates import Found, Standing, is_calm, rising
from services.monitor.incidents.complaints import Complaints, Kept
from services.monitor.incidents.found import Touched
from services.monitor.incidents.life import moment
from services.monitor.rules.surge import SurgeRule
from shared.events import CustomerErased, Fact, TicketLinked, TicketOpened, TicketUnlinked

HEARD = (TicketOpened, TicketLinked, TicketUnlinked, CustomerErased)

IsKnown = Callable[[str], bool]  # says whether a component has an open incident of which people are told


@dataclass(slots=True)
class Suspected:
    """One candidate. Times are event time, seconds since the epoch."""

    id: str
    rule: str
    component: str
    started_at: float  # when the first of the customers wrote
    found_at: float
    last_at: float  # until when complaints were rising
    customers: int
    why: Mapping[str, Any]
    status: Standing = Standing.CANDIDATE
    ended_at: float | None = None
    merged_into: str | None = None  # the incident that took it in


class Suspecting:
    """The candidates of a history up to a moment."""

    def __init__(self, rules: Mapping[str, SurgeRule]) -> None:
        self._rules, self._complaints = rules, Complaints()
        self._forgot_at = 0.0
        self._erased: dict[str, datetime] = {}
        self._waiting: dict[tuple[str, str], Suspected] = {}  # by rule and component
        self._over_to: dict[tuple[str, str], float] = {}  # up to when the last one was dealt with
        self.found: dict[str, Suspected] = {}  # by id, in the order in which they were found

    def hear(self, facts: Sequence[Fact], now: float, is_known: IsKnown) -> None:
        """Keeps complaints, says which of them are about incidents, and judges the components that were complained of."""
        written: dict[str, list[float]] = {}
        for fact in facts:
            match fact:
                case TicketOpened() if fact.data.risk is None and fact.data.component:
                    if (at := self._keep(fact, fact.data.component, now)) is not None:
                        written.setdefault(fact.data.component, []).append(at)
                case CustomerErased():
                    self._erased[fact.subject] = fact.time
                    self._complaints.erase(fact.subject)
        for fact in facts:
            match fact:
                case TicketLinked():
                    self._complaints.link(fact.data.ticket_id, fact.data.incident_id)
                case TicketUnlinked():
                    self._complaints.link(fact.data.ticket_id, None)
        for component, times in sorted(written.items()):
            for rule in self._rules.values():
                if not rule.only or component in rule.only:
                    self._judge(rule, component, times, now, is_known)

    def _keep(self, fact: TicketOpened, component: str, now: float) -> float | None:
        """Keeps a complaint; returns when it was written, or None when it is known or its customer was erased since."""
        erased, at = self._erased.get(fact.data.customer_id), min(fact.data.opened_at.timestamp(), now)
        if erased is not None and fact.data.opened_at <= erased:
            return None
        return at if self._complaints.keep(fact.data.ticket_id, component, Kept(fact.data.customer_id, at)) else None

    def _judge(self, rule: SurgeRule, component: str, times: Sequence[float], now: float, is_known: IsKnown) -> None:
        key = rule.id, component
        if key not in self._waiting and is_known(component):
            return  # the trouble is known: complaints about it are no news
        since, window = min(times), rule.window.total_seconds()
        until = min(max(times) + window, now)
        complaints = self._complaints.about(component, since - window, until)
        if len({each.customer for each in complaints}) < rule.open.customers:
            return
        history, over_to = self._complaints.history(component, until), self._over_to.get(key, 0.0)
        found = rising(rule, component, complaints, history, over_to, since, moment(now))
        if found:
            self._suspect(key, found[0], found[-1], now)

    def _suspect(self, key: tuple[str, str], first: Found, last: Found, now: float) -> None:
        known = self._waiting.get(key)
        if known is not None and last.last_at > known.last_at:
            known.last_at, known.customers, known.why = last.last_at, last.customers, last.why
        elif known is None and first.id not in self.found:
            new = Suspected(first.id, *key, first.started_at, now, last.last_at, last.customers, last.why)
            self.found[new.id] = self._waiting[key] = new

    def look(self, now: float) -> None:
        """Drops the candidates of which complaints have calmed down."""
        for each in list(self._waiting.values()):
            if is_calm(self._rules[each.rule], each.status, moment(each.last_at), moment(now)):
                self._end(each, Standing.WITHDRAWN, now)
        if now >= self._forgot_at + HOUR:
            self._forgot_at = now
            self._complaints.forget(now)

    def absorb(self, component: str, incident: str, now: float) -> Iterable[tuple[str, Touched]]:
        """Merges a component's candidates into the incident of it that has just opened; yields who complained, whom it likely touches."""
        for each in [each for each in self._waiting.values() if each.component == component]:
            self._end(each, Standing.MERGED, now)
            each.merged_into = incident
            yield from self._complaints.who(component, each.started_at, incident).items()

    def rising(self, components: Collection[str]) -> Mapping[str, datetime]:
        """Returns since when complaints about these components rise: of those that have a candidate."""
        since: dict[str, float] = {}
        for each in self._waiting.values():
            if each.component in components:
                since[each.component] = min(each.started_at, since.get(each.component, each.started_at))
        return {component: moment(at) for component, at in since.items()}

    def _end(self, each: Suspected, standing: Standing, now: float) -> None:
        each.status, each.ended_at = standing, now
        key = each.rule, each.component
        self._over_to[key] = now
        del self._waiting[key]
