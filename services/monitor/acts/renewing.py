"""Does the due work of renewals: judges the customer of a risk that may be falling use, and comes back when time alone changes something.

It is due when such a risk is raised or cleared, and when another day of renewal is said. Customers are judged one after another, so
that two such risks of one customer make one decision.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from services.monitor import facts
from services.monitor.actions.deciding import AGAIN
from services.monitor.acts.risks import clear_all, raise_all
from services.monitor.incidents.life import BEHIND, behind_seconds
from services.monitor.risk import renewal
from services.monitor.risk.life import Cleared, Raised, RiskRow
from services.monitor.rules.file import RulesFile
from services.monitor.rules.renewal import RenewalRule
from services.monitor.store import renewals as store
from services.monitor.store import risks
from services.monitor.store.risks import NewRisk
from shared.erasing import hold
from shared.outbox import say
from shared.postgres import Database, Tx
from shared.timers import Due


class Customer(NamedTuple):
    """What is known of a customer beside their risks."""

    id: str
    partition: int  # where they are judged
    renews_at: date | None


class Renewing:
    """Judges renewals by the rules in force."""

    def __init__(self, rules: Callable[[], RulesFile], database: Database) -> None:
        """`rules`: returns those in force."""
        self._rules, self._database = rules, database

    async def __call__(self, due: Due) -> None:
        async with self._database.transaction() as tx:
            await hold(tx)
            await tx.execute(store.queries.hold_renewals)
            now: datetime = await tx.fetchval("SELECT clock()")
            again = await self._judge(tx, due.ref, now)
            if again is None:
                await due.settle(tx)
            else:
                await due.again(tx, again)

    async def _judge(self, tx: Tx, risk_id: str, now: datetime) -> datetime | None:
        """Judges the customer of a risk; returns when to look again. While monitor reads old events, what they show may be over."""
        row = await risks.risk(tx, risks.queries.risk, risk_id)
        rules = [] if row is None else [rule for rule in self._rules().renewals if row.rule in rule.falling]
        if row is None or not rules:
            return None
        read_to = await tx.fetchval(risks.queries.risks_read_to)
        if read_to is None or behind_seconds(now, read_to) > BEHIND:
            return now + AGAIN
        [beside] = await tx.fetch(store.queries.renewal_beside, risk_id)
        customer = Customer(row.customer_id, beside["partition"], beside["renews_at"])
        for rule in rules:
            await _decide(tx, rule, customer, now)
        return _next(rules, row, customer, now.astimezone(UTC).date())


async def _decide(tx: Tx, rule: RenewalRule, customer: Customer, now: datetime) -> None:
    known = await risks.latest_risks(tx, [(customer.id, each) for each in (rule.id, *rule.falling)])
    others = [row for each in rule.falling if (row := known.get((customer.id, each))) is not None]
    today = now.astimezone(UTC).date()
    for decision in renewal.step(rule, customer.id, others, customer.renews_at, known.get((customer.id, rule.id)), today):
        match decision:
            case Cleared(risk_id, reason):
                await say(tx, *(facts.cleared(row, now) for row in await clear_all(tx, {risk_id: reason}, now)))
            case Raised():
                new = NewRisk(rule, customer.id, customer.partition, decision)
                await say(tx, *(facts.raised(row, now) for row in await raise_all(tx, [new], now)))


def _next(rules: Sequence[RenewalRule], row: RiskRow, customer: Customer, today: date) -> datetime | None:
    """Returns when to look again; None once the risk is over: what is open beside it has a due row of its own."""
    moments = [renewal.look_at(rule, customer.renews_at, today) for rule in rules] if row.open else []
    return min((each for each in moments if each is not None), default=None)
