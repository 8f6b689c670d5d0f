"""A customer who uses less and renews soon is at risk; that ends when they renew, use more, or the day is over."""

from datetime import date, datetime, timedelta

import httpx2
import pytest

from services.monitor.acts.renewing import Renewing
from services.monitor.api import router
from services.monitor.hearing.customers import on_customers, on_forgotten
from services.monitor.rules.renewal import RenewalRule
from services.monitor.store.renewals import JUDGE
from shared.events import CustomerUpdated
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings
from shared.timers import Work
from tests.builders import NOON
from tests.fakes import Clock, do_due
from tests.flow.monitor_risks import Desk, Ruled
from tests.unit.monitor.risk.building import DAY, decline, happened

pytestmark = pytest.mark.asyncio

LESS = decline()
SAID = {"id": "renews-soon", "detector": "renewal", "title": "Renews soon, and uses less", "before": "30d", "falling": [LESS.id]}
TODAY = NOON - timedelta(days=400)  # what is said in the story, is said in the past
SOON = RenewalRule.model_validate(SAID)
USES_LESS, RAISED = ("raised", "c-1", LESS.id), ("raised", "c-1", SOON.id)
USED_BEFORE = [happened("order", (day - 400) * DAY) for day in range(-100, -40)]
USED_AGAIN = [happened("order", (day - 400) * DAY) for day in range(1, 31)]


class Renewals(Desk):
    """monitor with what is due about renewals."""

    def __init__(self, database: Database, clock: Clock, *rules: Ruled) -> None:
        super().__init__(database, *rules)
        self.clock = clock

    async def begin(self, now: datetime = TODAY) -> None:
        """Has it found at `now` that c-1 uses less."""
        await self.start()
        await self.clock.set(now)
        await self.read(*USED_BEFORE)
        await self.reads_on(now)

    async def reads_on(self, now: datetime) -> None:
        """Sets the clock, and has all read up to then."""
        await self.clock.set(now)
        self.wall = now.timestamp()
        await self.read_to(now)

    async def says(self, renews_at: date | None, at: datetime = TODAY, customer: str = "c-1") -> None:
        """Has customers.v1 say when a customer renews."""
        fact = CustomerUpdated.of(CustomerUpdated.Data(renews_at=renews_at), subject=customer, at=at, unique=at)
        async with self.database.transaction() as tx:
            await on_customers(tx, [fact])

    async def judge(self) -> int:
        """Does what is due about renewals; returns how many rows were."""
        done = await do_due(self.database, JUDGE, Work(Renewing(lambda: self.rules, self.database), 10))
        await self.topics.relay(self.database)
        return done

    async def due_at(self) -> list[datetime]:
        return [row["due_at"] for row in await self.rows("SELECT due_at FROM due WHERE kind = 'judge_renewal'")]


@pytest.fixture
async def clock(fresh_database: Settings, monitor_database: Database) -> Clock:
    return Clock(fresh_database, ["monitor"])


@pytest.fixture
async def desk(monitor_database: Database, clock: Clock) -> Renewals:
    return Renewals(monitor_database, clock, LESS, SOON)


def later(**time: float) -> datetime:
    return TODAY + timedelta(**time)


def days(number: int) -> date:
    return (TODAY + timedelta(days=number)).date()


def midnight(number: int) -> datetime:
    return (TODAY + timedelta(days=number)).replace(hour=0)


async def test_who_uses_less_is_found_when_the_renewal_comes_near_until_its_day_is_over(desk: Renewals) -> None:
    # Given a customer who uses less, and renews in fifty days
    await desk.says(days(50))
    await desk.begin()
    assert await desk.judge() == 1
    assert desk.said() == [USES_LESS]
    assert await desk.due_at() == [midnight(20)]
    # When thirty days are left, that is a risk
    await desk.reads_on(midnight(20))
    assert await desk.judge() == 1
    assert desk.said() == [USES_LESS, RAISED]
    [risk] = [fact.data for fact in desk.raised() if fact.data.rule == SOON.id]
    assert (risk.evidence[0], list(risk.contributions)) == (f"renews on {days(50)}, in 30 d", [LESS.id])
    # and however often the process begins anew, it is said once
    await desk.start()
    await desk.replay("product.events.v1")
    await desk.judge()
    assert len(desk.said()) == 2
    assert await desk.due_at() == [midnight(51)]
    # and when the day is over and nobody says that they renewed, so is the risk
    await desk.reads_on(midnight(51))
    await desk.judge()
    assert desk.said()[2:] == [("cleared", "c-1", "unheard")]
    assert await desk.due_at() == []


async def test_it_is_over_when_they_have_renewed_and_comes_back_a_year_later(desk: Renewals) -> None:
    await desk.begin()
    assert await desk.judge() == 1
    assert desk.said() == [USES_LESS]  # no day is known
    await desk.says(days(10))
    await desk.says(days(11), customer="c-2")  # who uses as much as ever
    assert await desk.judge() == 1
    assert desk.said()[1:] == [RAISED]
    await desk.says(days(375), at=later(hours=1))
    await desk.says(days(10), at=later(minutes=30))  # older, and late
    await desk.judge()
    assert desk.said()[2:] == [("cleared", "c-1", "recovered")]
    assert await desk.due_at() == [midnight(345)]


async def test_it_is_over_when_use_recovers(desk: Renewals) -> None:
    await desk.says(days(30))
    await desk.begin()
    await desk.judge()
    assert desk.said() == [USES_LESS, RAISED]
    desk.wall = later(days=31).timestamp()
    await desk.read(*USED_AGAIN)
    await desk.reads_on(later(days=30))
    await desk.judge()
    assert desk.said()[2:] == [("cleared", "c-1", "recovered")] * 2
    assert await desk.due_at() == []


async def test_it_is_over_when_there_is_no_renewal_any_more(desk: Renewals) -> None:
    await desk.says(days(5))
    await desk.begin()
    await desk.judge()
    await desk.says(None, at=later(seconds=1))
    await desk.judge()
    assert desk.said()[2:] == [("cleared", "c-1", "broken")]
    await desk.clock.set(later(seconds=2))
    await desk.says(days(6), at=later(seconds=2))
    await desk.judge()
    assert desk.said()[3:] == [RAISED]
    async with desk.database.transaction() as tx:  # the product deletes the customer's key
        await on_forgotten(tx, ["c-1"])
    await desk.judge()
    assert desk.said()[4:] == [("cleared", "c-1", "broken")]


async def test_nothing_is_found_while_monitor_reads_old_events(desk: Renewals) -> None:
    await desk.says(days(5))
    await desk.begin()
    await desk.clock.set(later(seconds=61))
    assert await desk.judge() == 1
    assert desk.said() == [USES_LESS]
    await desk.reads_on(later(seconds=76))
    await desk.judge()
    assert desk.said()[1:] == [RAISED]


async def test_what_a_person_clears_of_the_use_ends_the_renewal_too(desk: Renewals, fresh_database: Settings) -> None:
    await desk.says(days(5))
    await desk.begin()
    await desk.judge()
    app = Service("monitor", fresh_database, desk.database, routers=[router]).app()
    headers = {"authorization": "Bearer agent-token"}
    [less] = [row["id"] for row in await desk.risks() if row["rule"] == LESS.id]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://monitor", headers=headers) as agent:
        assert (await agent.post(f"/v1/risks/{less}/clear", json={"note": "They are on leave."})).status_code == 200
    await desk.judge()
    assert desk.said()[2:] == [("cleared", "c-1", "person")] * 2


async def test_a_rule_that_comes_later_finds_what_is_open_and_one_that_goes_leaves_nothing(desk: Renewals) -> None:
    await desk.says(days(5))
    desk.rules = desk.rules.model_copy(update={"rules": [LESS]})
    await desk.begin()
    assert await desk.judge() == 0
    await desk.change(LESS, SOON)
    assert await desk.judge() == 1
    assert desk.said() == [USES_LESS, RAISED]
    await desk.change(LESS, RenewalRule.model_validate(SAID | {"before": "4d"}))
    await desk.judge()
    assert desk.said()[2:] == [("cleared", "c-1", "rule_changed")]
    await desk.change(LESS, SOON)
    await desk.judge()
    await desk.change(LESS)
    assert [row["reason"] for row in await desk.risks() if row["rule"] == SOON.id] == ["rule_changed"]


async def test_who_is_erased_is_not_found_and_their_day_is_forgotten(desk: Renewals) -> None:
    await desk.says(days(5))
    await desk.begin()
    await desk.erase("c-1", later(seconds=1))
    assert await desk.judge() == 1
    await desk.says(days(5), at=TODAY)  # older than the erasure
    assert desk.said() == [USES_LESS]
    assert await desk.risks() == []
    assert await desk.rows("SELECT * FROM renewals") == []
