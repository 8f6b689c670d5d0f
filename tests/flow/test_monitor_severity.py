"""An open incident gets worse when it touches customers of a tier, as its rule says; tiers are those that `customers.v1` says last."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.cloudevents import write_fact
from shared.events import CustomerErased, CustomerUpdated, IncidentOpened, IncidentUpdated, Topic
from shared.settings import Settings
from tests.builders import NOON
from tests.flow.monitor_watch import FAILING, RULE, Watch, watching

pytestmark = pytest.mark.asyncio

RISES = RULE + "    escalate: {critical: {customers: 2, tier: gold}, low: {customers: 1}}\n"


def said(watch: Watch, customer: str, tier: str | None, at: datetime) -> None:
    fact = CustomerUpdated.of(CustomerUpdated.Data(tier=tier), subject=customer, at=at, unique=at)
    watch.topics.put(Topic.CUSTOMERS, write_fact(fact), key=customer.encode())


async def tiers(watch: Watch) -> dict[str, str]:
    async with watch.service.database.connection() as connection:
        return {row["customer_id"]: row["tier"] for row in await connection.fetch("SELECT customer_id, tier FROM tiers")}


async def test_it_becomes_critical_when_it_touches_two_of_a_tier(fresh_database: Settings, tmp_path: Path) -> None:
    async with watching(fresh_database, tmp_path) as watch:
        await watch.start(RISES)
        # Given one customer of the tier, one who was of it, one who was erased, and one whose key was deleted
        for customer in ("c-1", "c-2", "c-3", "c-4"):
            said(watch, customer, "gold", NOON)
        said(watch, "c-2", "free", NOON + timedelta(seconds=2))
        said(watch, "c-2", "gold", NOON + timedelta(seconds=1))
        said(watch, "c-5", "gold", NOON)
        said(watch, "c-5", None, NOON + timedelta(seconds=1))
        erased = CustomerErased.of(CustomerErased.Data(), subject="c-3", at=NOON + timedelta(seconds=1))
        watch.topics.put(Topic.CUSTOMERS, write_fact(erased), key=b"c-3")
        await watch.loop.settle()
        watch.topics.put(Topic.CUSTOMERS, None, key=b"c-4")
        said(watch, "c-3", "gold", NOON)
        await watch.loop.settle()
        assert await tiers(watch) == {"c-1": "gold", "c-2": "free"}
        # When all fail, the incident is as bad as its rule says
        await watch.live(5, FAILING)
        assert [(each["severity"], each["affected"]) for each in await watch.incidents()] == [("high", 20)]
        # When a second one is of the tier, and another customer is found
        said(watch, "c-6", "gold", watch.clock.now)
        await watch.loop.settle()
        await watch.live(4, FAILING._replace(requests=25))
        # Then it is critical, and that is said
        assert [(each["severity"], each["affected"]) for each in await watch.incidents()] == [("critical", 25)]
        assert watch.said(IncidentOpened)[0].data.severity == "high"
        assert [each.data.severity for each in watch.said(IncidentUpdated)].count("critical") == 1
        # When a person says that it is not, it stays as they say, whomever else it touches
        async with watch.agent() as agent:
            [incident] = await watch.incidents()
            await agent.post(f"/v1/incidents/{incident['id']}/severity", json={"severity": "low", "reason": "a test"})
        await watch.live(4, FAILING._replace(requests=30))
        assert [(each["severity"], each["affected"]) for each in await watch.incidents()] == [("low", 30)]
