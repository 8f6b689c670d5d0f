"""monitor of flow tests about single customers: its fold on a fake Kafka and an embedded Postgres."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.monitor.hearing.customers import on_customers
from services.monitor.rules.customers import CustomerRule
from services.monitor.rules.file import RulesFile
from services.monitor.rules.health import HealthRule
from services.monitor.rules.renewal import RenewalRule
from shared.cloudevents import write_event
from shared.events import CustomerErased, Fact, ProductEvent, RiskCleared, RiskRaised, Topic
from shared.postgres import Database
from tests.builders import NOON
from tests.flow.monitor_site import Site

Ruled = CustomerRule | HealthRule | RenewalRule


class Desk(Site):
    """monitor with rules on single customers."""

    def __init__(self, database: Database, *rules: Ruled, at_once: int = 5000, partitions: int = 4) -> None:
        super().__init__(database, rules=ruled(*rules), at_once=at_once, partitions=partitions)
        self.wall = NOON.timestamp() + 3600

    def happens(self, *events: ProductEvent) -> None:
        """Publishes events; nobody reads yet."""
        for event in events:
            self.topics.put(Topic.PRODUCT_EVENTS, write_event(event), key=(event.subject or "").encode())

    async def read(self, *events: ProductEvent) -> None:
        """Publishes events and has them read."""
        self.happens(*events)
        await self.settle()

    async def read_to(self, at: datetime) -> None:
        """Says that monitor has read all that there was at a moment, as the timer does, and lets the fold look."""
        async with self.database.connection() as connection:
            await connection.execute("UPDATE reading SET read_to = $1", at)
        self.folding.read_further()
        await self.events.stream.tick()
        await self.settle()

    async def change(self, *rules: Ruled) -> None:
        """Starts anew with other rules."""
        self.rules = ruled(*rules)
        await self.start()
        await self.settle()

    async def erase(self, customer: str, at: datetime) -> None:
        """Has a customer erased, and the owner's next checkpoint made."""
        async with self.database.transaction() as tx:
            await on_customers(tx, [CustomerErased.of(CustomerErased.Data(), subject=customer, at=at)])
        self.folding.customers_erased()
        await self.events.stream.tick()
        await self.settle()

    def said(self) -> list[tuple[str, str, str]]:
        """Returns what was said on risks.v1, each fact once: the fact, the customer, and the rule or the reason."""
        told: dict[str, Fact] = {fact.id: fact for fact in self.topics.facts(Topic.RISKS)}
        return [_in_short(fact) for fact in told.values()]

    def raised(self) -> list[RiskRaised]:
        return [fact for fact in self.topics.facts(Topic.RISKS) if isinstance(fact, RiskRaised)]

    async def risks(self) -> Sequence[Mapping[str, Any]]:
        return await self.rows("SELECT * FROM risks ORDER BY raised_at, id")


def ruled(*rules: Ruled) -> RulesFile:
    return RulesFile.model_validate({"rules": [rule.model_dump(exclude_unset=True) for rule in rules]})


def after(**time: float) -> datetime:
    """Returns the moment so long after NOON."""
    return NOON + timedelta(**time)


def _in_short(fact: Fact) -> tuple[str, str, str]:
    match fact:
        case RiskRaised(data=data):
            return "raised", data.customer_id, data.rule
        case RiskCleared(data=data):
            return "cleared", data.customer_id, data.reason
    raise AssertionError(fact)
