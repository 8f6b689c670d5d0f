"""At a checkpoint the customers who changed, or whose time has come, are judged: risks are raised and cleared, and that is said."""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.monitor import facts
from services.monitor.acts.risks import clear_all, raise_all
from services.monitor.fold.partition import Partition
from services.monitor.risk import health
from services.monitor.risk.finding import Reason, Span
from services.monitor.risk.life import Cleared, Raised, step
from services.monitor.risk.looking import Looking
from services.monitor.rules.file import RulesFile
from services.monitor.rules.health import HealthRule
from services.monitor.store import risks as store
from services.monitor.store.renewals import judge
from services.monitor.store.risks import NewRisk
from shared.events import Fact
from shared.postgres import Tx

TURN = 500  # customers that are looked at until others get a turn: some ten milliseconds
AT_ONCE = 5000  # customers whose risks are read at once


class Suspect(NamedTuple):
    """One customer whose risk may be raised or cleared."""

    customer: str
    partition: int
    looking: Looking
    now: float  # the moment up to which all is known


class Risks:
    """The risks of the customers of this process's partitions."""

    def __init__(self, rules: RulesFile) -> None:
        self._rules, self._health = {rule.id: rule for rule in rules.customers}, {rule.id: rule for rule in rules.health}
        self._renewals = {rule.id: rule for rule in rules.renewals}
        self._falling = {each for rule in rules.renewals for each in rule.falling}
        self._beside_renewals: list[str] = []  # open risks by these rules; when a process begins, others may judge renewals than before
        self._moved: dict[str, int] = {}  # customers of whom a risk was raised or cleared, and their partition
        self._looking: list[tuple[int, Looking]] = []  # each with its partition
        self._misfits: dict[str, Reason] = {}  # open risks that no rule judges any more

    async def load(self, tx: Tx, partitions: Mapping[int, Partition]) -> None:
        """Begins anew with what the last checkpoint left; the partitions are restored already."""
        self._misfits, self._beside_renewals = {}, []
        risks: dict[tuple[int, str], dict[str, Span]] = {}
        for risk in await store.open_risks(tx, partitions):
            rule = self._rules.get(risk.rule) or self._health.get(risk.rule) or self._renewals.get(risk.rule)
            self._moved[risk.customer_id] = risk.partition
            if rule is None or rule.fingerprint != risk.fingerprint:
                self._misfits[risk.id] = Reason.RULE_GONE if rule is None else Reason.RULE_CHANGED
            else:
                risks.setdefault((risk.partition, risk.rule), {})[risk.customer_id] = risk.span
                self._beside_renewals += [risk.id] if risk.rule in self._falling else []
        self._looking = []
        for number, partition in partitions.items():
            for rule_id, customers in partition.customers.items():
                await asyncio.sleep(0)
                self._looking.append((number, Looking(self._rules[rule_id], customers, risks.get((number, rule_id), {}))))

    @property
    def waits(self) -> bool:
        """Says whether the passing of time alone may raise or clear a risk."""
        return any(looking.next_at < math.inf for _, looking in self._looking)

    def renamed(self, risks: Mapping[str, str]) -> None:
        """Has these risks cleared: each one's id, and the name that turned out to be another customer's."""
        self._misfits |= dict.fromkeys(risks, Reason.RENAMED)
        for _, looking in self._looking if risks else ():
            for name in risks.values():
                looking.stands(name, None, 0.0)

    async def judge(self, tx: Tx, said_at: datetime) -> list[Fact]:
        """Raises and clears what is to be; returns what is to be said of it."""
        said = await self._clear(tx, self._misfits, said_at) if self._misfits else []
        self._misfits = {}
        await judge(tx, self._beside_renewals, said_at)
        self._beside_renewals = []
        if not self._looking:
            return said
        said += await self._judge_customers(tx, said_at)
        return said + await self._judge_health(tx, said_at)

    async def _judge_customers(self, tx: Tx, said_at: datetime) -> list[Fact]:
        said: list[Fact] = []
        read_to: datetime | None = await tx.fetchval(store.queries.risks_read_to)
        suspects = [each async for each in self._suspects(read_to.timestamp() if read_to else 0.0)]
        for begin in range(0, len(suspects), AT_ONCE):
            said += await self._decide(tx, suspects[begin : begin + AT_ONCE], said_at)
        return said

    async def _suspects(self, read_to: float) -> AsyncIterator[Suspect]:
        """Yields them, and gives others a turn meanwhile.

        At first all customers are looked at. Of a million that takes longer than Kafka waits for a heartbeat: without a turn for it the
        partitions would be taken away, loaded anew, and so on for ever.
        """
        for partition, looking in self._looking:
            now = max(looking.customers.complete_to, read_to)
            concerned = sorted(looking.concerned(now))
            for begin in range(0, len(concerned), TURN):
                await asyncio.sleep(0)
                for customer in concerned[begin : begin + TURN]:
                    if looking.is_suspect(customer, now):
                        yield Suspect(customer, partition, looking, now)

    async def _decide(self, tx: Tx, suspects: Sequence[Suspect], said_at: datetime) -> list[Fact]:
        known = await store.latest_risks(tx, [(each.customer, each.looking.rule.id) for each in suspects])
        new: list[NewRisk] = []
        gone: dict[str, Reason] = {}
        for customer, partition, looking, now in suspects:
            row = known.get((customer, looking.rule.id))
            stands = row.span if row is not None and row.open else None
            for decision in step(looking.rule, customer, looking.customers.of(customer), row, now):
                match decision:
                    case Cleared(risk_id, reason):
                        gone[risk_id], stands = reason, None
                    case Raised(_, finding):
                        new.append(NewRisk(looking.rule, customer, partition, decision))
                        stands = finding.span
                self._moved[customer] = partition
            looking.stands(customer, stands, now)
        return [*await self._clear(tx, gone, said_at), *await self._raise(tx, new, said_at)]

    async def _judge_health(self, tx: Tx, said_at: datetime) -> list[Fact]:
        """Judges the customers of whom risks were raised or cleared, and once all who have some."""
        moved, self._moved = list(self._moved.items()), {}
        said: list[Fact] = []
        for rule in self._health.values():
            for begin in range(0, len(moved), AT_ONCE):
                said += await self._decide_health(tx, rule, dict(moved[begin : begin + AT_ONCE]), said_at)
        return said

    async def _decide_health(self, tx: Tx, rule: HealthRule, customers: Mapping[str, int], said_at: datetime) -> list[Fact]:
        known = await store.latest_risks(tx, [(customer, each) for customer in customers for each in (rule.id, *rule.weights)])
        new: list[NewRisk] = []
        gone: dict[str, Reason] = {}
        for customer, partition in customers.items():
            others = [row for each in rule.weights if (row := known.get((customer, each))) is not None]
            for decision in health.step(rule, customer, others, known.get((customer, rule.id))):
                match decision:
                    case Cleared(risk_id, reason):
                        gone[risk_id] = reason
                    case Raised():
                        new.append(NewRisk(rule, customer, partition, decision))
        return [*await self._clear(tx, gone, said_at), *await self._raise(tx, new, said_at)]

    async def _raise(self, tx: Tx, new: Sequence[NewRisk], said_at: datetime) -> list[Fact]:
        rows = await raise_all(tx, new, said_at)
        await judge(tx, (row.id for row in rows if row.rule in self._falling), said_at)
        return [facts.raised(row, said_at) for row in rows]

    async def _clear(self, tx: Tx, gone: Mapping[str, Reason], said_at: datetime) -> list[Fact]:
        rows = await clear_all(tx, gone, said_at)
        await judge(tx, (row.id for row in rows if row.rule in self._falling), said_at)
        return [facts.cleared(row, said_at) for row in rows]
