"""How it stands with a channel is one answer: what became of what it was given, who stopped it, and which addresses are not used."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from services.notifier.store import outcomes
from shared.settings import Settings
from tests.flow.notifier_stage import HOUR, MINUTE, Stage, impact, opened, stage, still_failing
from tests.flow.test_notifier_bounces import PATHS, bounce, hand_over

pytestmark = pytest.mark.asyncio

NO_SUCH_USER = "550 5.1.1 no such user"
ADDRESSES = {number: f"c-{number}@example.org" for number in range(1, 5)}


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Stage]:
    async with stage(fresh_database, watched=True, bounce_address=PATHS.address) as staged:
        yield staged


@pytest.fixture
async def operator(on: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    async with on.client("operator-token") as client:
        yield client


async def told(on: Stage) -> None:
    """Has four customers told of i-1: one has it, of one it comes back, one has no such address, and one does not want to be told."""
    await on.know(*(f"c-{number}" for number in ADDRESSES))
    await on.rows("INSERT INTO preferences (customer_id, incident) VALUES ('c-4', false)")
    on.office.at_recipient[ADDRESSES[3]] = [NO_SUCH_USER]
    await on.hear(opened(on.now), impact(on.now, *(f"c-{number}" for number in ADDRESSES)))
    await on.loop.advance(MINUTE)  # it is counted
    [row] = await on.rows("SELECT id FROM notifications WHERE customer_id = 'c-2'")
    async with on.client("producer-token") as gateway:
        await hand_over(gateway, bounce(row["id"], ADDRESSES[2]))
    await on.loop.advance(MINUTE)


async def test_one_answer_says_what_became_of_what_a_channel_was_given(on: Stage, operator: httpx2.AsyncClient) -> None:
    await told(on)
    answer = (await operator.get("/v1/channels")).json()
    [mail] = answer["items"]
    figures = {
        "sent": 3,
        "unknown": 0,
        "accepted": 2,
        "failed": {"address": 1},
        "suppressed": {"opted_out": 1},
        "bounced": {"address": 1},
        "complained": 0,
    }
    assert mail["channel"] == "email"
    assert mail["day"] == mail["hour"] == figures | {"suppressed": {}}
    assert [(each["sent"], each["accepted"], each["failed"], each["bounced"]) for each in mail["hours"]] == [(3, 2, 1, 1)]
    assert (mail["waiting"], mail["breaker"], mail["paused_at"]) == (0, None, None)
    assert answer["suppressed"] == {"hour": {"opted_out": 1}, "day": {"opted_out": 1}, "waiting": 0}
    assert answer["limits"]["bounces_pause"] == 0.05
    # After an hour it is the day's alone, and after a day nobody's
    await on.loop.advance(HOUR)
    [mail] = (await operator.get("/v1/channels")).json()["items"]
    assert (mail["hour"]["sent"], mail["day"]["sent"], mail["day"]["bounced"]) == (0, 3, {"address": 1})
    await on.clock.set(on.now + 24 * HOUR)
    [mail] = (await operator.get("/v1/channels")).json()["items"]
    assert (mail["day"]["sent"], mail["hours"]) == (0, [])


async def test_what_is_counted_again_counts_once_and_nothing_between_two_counts_is_missed(on: Stage) -> None:
    await told(on)
    counted = "SELECT * FROM outcomes WHERE outcome <> 'counted' ORDER BY minute, channel, outcome, reason"
    before = await on.rows(counted)
    async with on.service.database.transaction() as tx:
        assert [await outcomes.count(tx) for _ in range(3)] == [True] * 3
    assert await on.rows(counted) == before
    # A transaction that ends after its moment was counted
    await on.rows("UPDATE notifications SET status = 'delivered', reason = NULL WHERE customer_id = 'c-4'")
    async with on.service.database.transaction() as tx:
        await outcomes.count(tx)
    delivered = await on.rows("SELECT sum(notifications)::int AS many FROM outcomes WHERE outcome = 'delivered'")
    assert delivered == [{"many": 3}]
    # After hours in which nobody counted, an hour at a time
    await on.clock.set(on.now + 3 * HOUR)
    async with on.service.database.transaction() as tx:
        assert [await outcomes.count(tx) for _ in range(4)] == [False, False, False, True]


async def test_a_mark_says_what_it_is_from_and_a_person_takes_it_back_with_a_reason(on: Stage, operator: httpx2.AsyncClient) -> None:
    await told(on)
    marks = {each["customer_id"]: each for each in (await operator.get("/v1/suppressions/addresses")).json()["items"]}
    assert {name: (each["masked"], each["said_by"]) for name, each in marks.items()} == {
        "c-2": ("c•••@example.org", "bounce"),
        "c-3": ("c•••@example.org", "answer"),
    }
    [came_back] = await on.rows("SELECT id FROM notifications WHERE customer_id = 'c-2'")
    assert (marks["c-2"]["notification_id"], marks["c-3"]["notification_id"]) == (came_back["id"], None)
    path, reason = f"/v1/suppressions/addresses/{marks['c-3']['id']}/take-back", {"reason": "They called: the server was broken."}
    async with on.client("agent-token") as agent:
        assert (await agent.post(path, json=reason)).status_code == 403
    assert (await operator.post(path, json={"reason": " "})).status_code == 422
    assert (await operator.post(path, json=reason)).json() == {"customer_id": "c-3"}
    assert (await operator.post(path, json=reason)).status_code == 404
    await on.hear(still_failing(on.now))
    assert on.office.kinds(ADDRESSES[3]) == ["opened"]
    [noted] = (await operator.get("/v1/switches/log", params={"subject": "mark on an address"})).json()["items"]
    assert (noted["by"], noted["act"], noted["reason"]) == ("operator", "took back", reason["reason"])
    assert "c-3" not in str(noted)


async def test_a_person_stops_a_channel_and_lets_it_go_on(on: Stage, operator: httpx2.AsyncClient) -> None:
    await on.know("c-1")
    why = {"reason": "The list looks old."}
    assert (await operator.post("/v1/channels/fax/pause", json=why)).status_code == 404
    [mail] = (await operator.post("/v1/channels/email/pause", json=why)).json()["items"]
    assert (mail["level"], mail["cause"], mail["paused_by"], mail["paused_for"]) == ("pause", "person", "operator", why["reason"])
    assert (await operator.post("/v1/channels/email/pause", json=why)).status_code == 409
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.loop.advance(MINUTE)  # the brake looks, and leaves it as it is
    [row] = await on.rows("SELECT why FROM notifications")
    assert row["why"] | {"channel": "email", "cause": "person", "sent": 0} == row["why"]
    assert "bounced" not in row["why"]
    [mail] = (await operator.get("/v1/channels")).json()["items"]
    assert (mail["level"], mail["waiting"]) == ("pause", 1)
    await operator.post("/v1/channels/email/resume", json={"reason": "It is clean now."})
    await on.loop.settle()
    assert on.office.kinds(ADDRESSES[1]) == ["opened"]
    log = (await operator.get("/v1/switches/log", params={"subject": "channel email"})).json()["items"]
    assert [(each["act"], each["reason"]) for each in log] == [("resumed", "It is clean now."), ("paused", why["reason"])]
