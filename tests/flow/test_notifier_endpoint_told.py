"""A customer whose systems have an endpoint is told there, as any other is told by mail, and the end follows to the same place."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from standardwebhooks.webhooks import Webhook as Receiver

from services.notifier.channels.webhook.retrying import TTL
from shared.settings import Settings
from shared.webhooks.retrying import PAUSES
from tests.flow.notifier_stage import CONFIG, MINUTE, impact, opened, resolved
from tests.flow.webhook_desk import Hooks, hooks
from tests.hooks import Sink, sink

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def desk(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Hooks]:
    said = yaml.safe_load((CONFIG / "notifications.yml").read_text()) | {"channels": ["webhook", "email"]}
    (tmp_path / "notifications.yml").write_text(yaml.safe_dump(said))
    async with hooks(fresh_database, own_config_dir=str(tmp_path)) as on:
        yield on


@pytest.fixture
async def endpoint() -> AsyncIterator[Sink]:
    async with sink() as to:
        yield to


async def ways(desk: Hooks) -> list[tuple[str, str, int]]:
    rows = await desk.on.rows("SELECT channel, status, tries FROM deliveries ORDER BY notification_id")
    return [(row["channel"], row["status"], row["tries"]) for row in rows]


async def test_alarm_and_all_clear_reach_the_endpoint_signed(desk: Hooks, endpoint: Sink) -> None:
    secret = (await desk.registered(endpoint))["secret"]
    on = desk.on
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.hear(resolved(on.now, revision=1))
    assert [(kind, status) for kind, status, _ in await on.ledger()] == [("opened", "delivered"), ("resolved", "delivered")]
    assert await ways(desk) == [("webhook", "delivered", 1)] * 2
    assert len(endpoint.calls) == 2
    for call in endpoint.calls:
        said = Receiver(secret).verify(call.body, {name.lower(): value for name, value in call.headers.items()})
        assert said == json.loads(call.body)


async def test_an_endpoint_that_fails_is_tried_again_by_its_own_ladder_with_the_same_id(desk: Hooks, endpoint: Sink) -> None:
    await desk.registered(endpoint)
    on = desk.on
    endpoint.answers = ["500", "500", "200"]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.loop.advance(MINUTE)
    await on.goes_on(on.now + 7 * MINUTE)
    assert await ways(desk) == [("webhook", "delivered", 3)]
    assert len({call.headers["webhook-id"] for call in endpoint.calls}) == 1


async def test_an_endpoint_that_is_away_for_three_days_gets_the_all_clear_with_the_tenth_call(desk: Hooks, endpoint: Sink) -> None:
    """The limit of age, 24 h as shipped, decides whether to begin, and not how long an endpoint is called."""
    await desk.registered(endpoint)
    on = desk.on
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    began = on.now
    endpoint.answers = ["503"] * len(PAUSES)
    await on.hear(resolved(on.now, revision=1))
    await on.loop.advance(TTL * 1.1)
    assert ("resolved", "delivered", None) in await on.ledger()
    _, *calls = endpoint.calls
    assert len(calls) == 10
    assert len({call.headers["webhook-id"] for call in calls}) == 1
    last = datetime.fromtimestamp(int(calls[-1].headers["webhook-timestamp"]), UTC)
    assert 0.9 * TTL <= last - began <= 1.1 * TTL
    assert (await desk.endpoint())["disabled_at"] is None, "a tenth failure in a row would have ended it"


async def test_an_endpoint_that_is_gone_is_called_no_more_and_the_mail_goes_instead(desk: Hooks, endpoint: Sink) -> None:
    on = desk.on
    await on.clock.advance(MINUTE)
    await on.know("c-1")
    await desk.registered(endpoint)
    endpoint.answers = ["410"]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.loop.advance(MINUTE)
    assert sorted(await ways(desk))[:2] == [("email", "delivered", 1), ("email", "delivered", 1)], (
        "the alarm, and that they are called no more"
    )
    assert on.office.kinds("c-1@example.org").count("opened") == 1
    assert len(endpoint.calls) == 1
    assert (await desk.endpoint())["disabled_at"] is not None


async def test_who_could_not_be_told_is_told_once_they_have_an_endpoint(desk: Hooks, endpoint: Sink) -> None:
    id_ = await desk.told()
    assert await desk.on.ledger() == [("opened", "suppressed", "no_contact")]
    await desk.registered(endpoint)
    await desk.on.loop.settle()
    assert [call.headers["webhook-id"] for call in endpoint.calls] == [id_]


async def test_an_endpoint_is_among_twenty_contacts_that_are_looked_at(desk: Hooks, endpoint: Sink) -> None:
    on = desk.on
    await on.clock.advance(MINUTE)
    await on.know("c-1", contacts=[{"channel": "email", "address": f"ada-{number}@example.org"} for number in range(25)])
    await desk.registered(endpoint)
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert await ways(desk) == [("webhook", "delivered", 1)]


async def test_what_the_endpoint_asks_for_is_never_undercut(desk: Hooks, endpoint: Sink) -> None:
    await desk.registered(endpoint)
    on = desk.on
    endpoint.answers = ["503 Retry-After: 600"]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    began = on.now
    await on.goes_on(began + timedelta(seconds=599))
    assert len(endpoint.calls) == 1
    await on.goes_on(began + timedelta(seconds=661), revision=9)
    assert len(endpoint.calls) == 2
