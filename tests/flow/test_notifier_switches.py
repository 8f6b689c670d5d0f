"""A kill switch holds what it stops, and nothing else; nothing is lost by it. A dry run tells nobody, and says whom it would have told."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.settings import Settings
from tests.builders import acted
from tests.flow.notifier_consent import ask, small_stage, told, touch
from tests.flow.notifier_stage import HOUR, MINUTE, Stage, impact, opened, replied, resolved

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def on(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Stage]:
    async with small_stage(fresh_database, tmp_path) as it:
        yield it


async def switch(on: Stage, *, thrown: bool, **what: Any) -> dict[str, Any]:
    answer = await ask(on, "PUT", "/v1/switches", {"scope": "all", "thrown": thrown, "reason": "a test", **what})
    assert answer.status_code == 200, answer.text
    await on.loop.settle()
    said: dict[str, Any] = answer.json()
    return said


async def test_the_global_switch_holds_everything_and_loses_nothing(on: Stage) -> None:
    await switch(on, thrown=True)
    await touch(on, "c-1")
    await on.hear(replied(on.now, "reply", customer_id="c-1"))
    assert on.office.mails == []
    assert await on.ledger() == [("opened", "waiting", None), ("reply", "waiting", None)]
    await switch(on, thrown=False)
    assert sorted(on.office.kinds("c-1@example.org")) == ["opened", "reply"]


async def test_the_switch_of_a_rule_stops_that_rule_alone(on: Stage) -> None:
    await switch(on, thrown=True, scope="rule", name="checkout-failing")
    await touch(on, "c-1")
    await on.hear(opened(on.now, "i-2", rule="search-slow", component="search"), impact(on.now, "c-1", incident_id="i-2"))
    await on.hear(acted("help", at=on.now))
    assert sorted(on.office.kinds("c-1@example.org")) == ["guidance", "opened"]
    await switch(on, thrown=False, scope="rule", name="checkout-failing")
    assert sorted(on.office.kinds("c-1@example.org")) == ["guidance", "opened", "opened"]


async def test_the_switch_of_a_channel_stops_what_goes_through_it(on: Stage) -> None:
    await switch(on, thrown=True, scope="channel", name="sms")
    await touch(on, "c-1")
    await switch(on, thrown=True, scope="channel", name="email")
    await touch(on, "c-2", incident_id="i-2")
    assert await told(on) == {"c-1"}
    await switch(on, thrown=False, scope="channel", name="email")
    assert await told(on) == {"c-1", "c-2"}


async def test_what_was_held_is_told_only_if_it_is_still_so(on: Stage) -> None:
    await switch(on, thrown=True)
    await touch(on, "c-1")
    await on.hear(resolved(on.now))
    await switch(on, thrown=False)
    assert await on.ledger() == [("opened", "suppressed", "stale")]
    assert on.office.mails == []


async def test_what_is_held_for_too_long_is_decided_for_good(on: Stage) -> None:
    await switch(on, thrown=True)
    await touch(on, "c-1")
    await on.loop.advance(23 * HOUR)
    assert await on.ledger() == [("opened", "waiting", None)]
    await on.loop.advance(HOUR + MINUTE)
    assert await on.ledger() == [("opened", "suppressed", "stale")]


async def test_what_is_held_is_not_decided_again_and_again(on: Stage) -> None:
    await switch(on, thrown=True)
    await touch(on, "c-1")
    [row] = await on.rows("SELECT * FROM due WHERE kind = 'delivery'")
    assert row["ready_at"] > on.now + 23 * HOUR


async def test_releasing_hastens_nothing_that_a_mail_server_put_off(on: Stage) -> None:
    on.office.at_recipient["c-1@example.org"] = ["451 not now"]
    await touch(on, "c-1")
    await switch(on, thrown=True)
    await touch(on, "c-2", incident_id="i-2")
    await switch(on, thrown=False)
    assert await told(on) == {"c-2"}
    await on.loop.advance(MINUTE)
    assert await told(on) == {"c-1", "c-2"}


async def test_it_is_said_who_threw_it_and_why_and_it_is_measured(on: Stage) -> None:
    said = await switch(on, thrown=True)
    assert [(each["scope"], each["mode"], each["by"], each["reason"]) for each in said["items"]] == [("all", "off", "eve", "a test")]
    await switch(on, thrown=True)
    await switch(on, thrown=False)
    log = (await ask(on, "GET", "/v1/switches/log?subject=all")).json()["items"]
    assert [(line["by"], line["act"]) for line in log] == [("eve", "released off"), ("eve", "threw off")], "the second time changed nothing"


async def test_in_a_dry_run_it_is_said_whom_we_would_have_told(on: Stage) -> None:
    await switch(on, thrown=True, mode="dry_run")
    await touch(on, "c-1")
    await on.hear(replied(on.now, "reply", customer_id="c-1"))
    assert on.office.kinds("c-1@example.org") == ["reply"], "what a person writes is no rehearsal"
    assert ("opened", "suppressed", "dry_run") in await on.ledger()
    await switch(on, thrown=False, mode="dry_run")
    assert await told(on) == set()


@pytest.mark.parametrize(
    "said",
    [
        {"scope": "all", "name": "x", "thrown": True, "reason": "r"},
        {"scope": "rule", "thrown": True, "reason": "r"},
        {"scope": "rule", "name": "x", "mode": "brake", "thrown": True, "reason": "r"},
        {"scope": "all", "thrown": True, "reason": " "},
    ],
    ids=["all has no name", "a rule has a name", "people throw no brake", "no reason"],
)
async def test_what_makes_no_sense_is_refused(on: Stage, said: dict[str, Any]) -> None:
    assert (await ask(on, "PUT", "/v1/switches", said)).status_code == 422
