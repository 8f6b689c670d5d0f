"""A payment that failed and was not made good in time puts its customer at risk though nothing comes, until one goes through."""

import httpx2
import pytest

from services.monitor.actions.acting import LEASE, Acting
from services.monitor.actions.webhooks import Caller, Target
from services.monitor.store.risks import ACT
from shared.events import RiskActed, RiskCleared, RiskRaised, Topic
from shared.postgres import Database
from shared.settings import Settings
from shared.timers import Work
from tests.builders import NOON
from tests.fakes import Clock, do_due
from tests.flow.monitor_risks import Desk, after
from tests.unit.monitor.risk.building import DAY, payment, unpaid

pytestmark = pytest.mark.asyncio

RULE = unpaid(action={"kind": "webhook", "name": "retry-payment"})
FAILED, RAISED = payment(-10 * DAY), ("raised", "c-1", RULE.id)
OTHERS = [payment(-10 * DAY, customer="c-2"), payment(-9 * DAY, "paid", "c-2"), payment(-10 * DAY, "paid", "c-3")]


@pytest.fixture
async def desk(monitor_database: Database) -> Desk:
    made = Desk(monitor_database, RULE)
    await made.start()
    return made


async def test_it_is_found_when_the_grace_is_over_and_all_is_read_up_to_then(desk: Desk) -> None:
    # Given a payment that failed, one that was made good, and one that went through
    await desk.read(FAILED, *OTHERS)
    await desk.read_to(after(days=-7, seconds=-1))
    assert desk.said() == []
    # When three days are over, the one customer is at risk, though nothing comes
    await desk.start()
    await desk.read_to(after(days=-7))
    assert desk.said() == [RAISED]
    # and however often that is read, it is said once
    await desk.replay("product.events.v1")
    await desk.start()
    assert desk.said() == [RAISED]
    [row] = await desk.risks()
    assert (row["score"], row["began_at"], row["last_at"]) == (0.5, after(days=-10), after(days=-10))
    assert row["evidence"][1] == "com.example.payment did not follow within 3d"


async def test_a_payment_ends_it_and_a_later_failure_begins_anew(desk: Desk) -> None:
    await desk.read(FAILED)
    await desk.read_to(after(days=-7))
    await desk.read(payment(-6 * DAY, "paid"))
    assert desk.said() == [RAISED, ("cleared", "c-1", "recovered")]
    await desk.read(payment(-5 * DAY))
    await desk.read_to(after(days=-2, seconds=-1))
    assert len(desk.said()) == 2
    await desk.read_to(after(days=-2))
    assert desk.said()[2:] == [RAISED]


async def test_a_payment_that_was_made_in_time_and_comes_late_shows_that_there_was_none(monitor_database: Database) -> None:
    desk = Desk(monitor_database, RULE)
    desk.rules = desk.rules.model_copy(update={"horizon": RULE.grace * 2})
    await desk.start()
    await desk.read(FAILED, payment(-8 * DAY))
    await desk.read_to(after(days=-7))
    assert desk.said() == [RAISED]
    await desk.read(payment(-9 * DAY, "paid"))
    assert desk.said()[1:] == [("cleared", "c-1", "broken")]
    await desk.read_to(after(days=-5))  # three days after the failure that none followed
    assert desk.said()[2:] == [RAISED]


async def test_it_is_given_up_when_nothing_has_failed_for_the_window(desk: Desk) -> None:
    await desk.read(payment(-40 * DAY))
    await desk.read_to(after(days=-37))
    await desk.start()
    await desk.read_to(after(days=-10))
    assert desk.said() == [RAISED, ("cleared", "c-1", "unheard")]


async def test_a_webhook_that_charges_again_settles_it_until_another_payment_fails(
    desk: Desk, monitor_database: Database, fresh_database: Settings
) -> None:
    clock = Clock(fresh_database, ["monitor"])
    await clock.set(NOON)
    await desk.read(FAILED)
    await desk.read_to(NOON)
    # When the webhook answers that the trouble is resolved
    answer = httpx2.MockTransport(lambda request: httpx2.Response(200, json={"resolved": True}))  # noqa: ARG005
    caller = Caller({"retry-payment": Target("https://billing.example.com/retry", [b"secret" * 6])}, answer)
    assert await do_due(monitor_database, ACT, Work(Acting(monitor_database, caller), 1, LEASE)) == 1
    await desk.topics.relay(monitor_database)
    # Then the risk is over, and what it was raised for raises none again
    facts = desk.topics.facts(Topic.RISKS)
    assert [type(fact) for fact in facts] == [RiskRaised, RiskActed, RiskCleared]
    assert [fact.data.reason for fact in facts if isinstance(fact, RiskCleared)] == ["webhook"]
    desk.wall = after(days=3).timestamp()
    await desk.start()
    await desk.read(payment(-1), payment(1))
    await desk.read_to(after(days=3))
    assert len(desk.raised()) == 1
    # but another failure does that none makes good
    await desk.read_to(after(days=3, seconds=1))
    assert [fact.data.began_at for fact in desk.raised()] == [after(days=-10), after(seconds=1)]
