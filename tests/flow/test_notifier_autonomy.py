"""A rule earns its autonomy step by step, and one false alarm takes a step away; a brake stops a rule that goes too far, and no other."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.settings import Settings
from tests.flow.notifier_consent import SMALL, ask, customers, small_stage, story, told, touch, waiting
from tests.flow.notifier_stage import HOUR, MINUTE, Stage, dismissed, impact, linked, opened, reopened, resolved

pytestmark = pytest.mark.asyncio

RULE = "checkout-failing"


@pytest.fixture
async def on(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Stage]:
    async with small_stage(fresh_database, tmp_path, SMALL.replace("repeats: 3", "repeats: 99")) as it:
        yield it


async def step(on: Stage, step: str, rule: str = RULE) -> None:
    answer = await ask(on, "PUT", f"/v1/rules/{rule}/step", {"step": step, "reason": "its record is good"})
    assert answer.status_code == 200, answer.text
    await on.loop.settle()


async def record(on: Stage, rule: str = RULE) -> dict[str, Any]:
    [found] = [each for each in (await ask(on, "GET", "/v1/rules")).json()["items"] if each["rule"] == rule]
    return dict(found)


async def approve(on: Stage) -> None:
    """Has whatever waits approved."""
    for each in await waiting(on):
        seen = (await story(on, each["id"]))["seen"]
        assert (await ask(on, "POST", f"/v1/approvals/{each['id']}/approve", {"seen": seen})).status_code == 200
    await on.loop.settle()


async def thrown(on: Stage) -> list[tuple[str, str, str]]:
    items = (await ask(on, "GET", "/v1/switches")).json()["items"]
    return [(each["name"], each["mode"], each["reason"]) for each in items]


async def release(on: Stage, rule: str = RULE) -> None:
    said = {"scope": "rule", "name": rule, "mode": "brake", "thrown": False, "reason": "it is as large as that"}
    assert (await ask(on, "PUT", "/v1/switches", said)).status_code == 200
    await on.loop.settle()


# ── the story ────────────────────────────────────────────────────────────────────────────────


async def test_a_rule_walks_from_shadow_to_auto_and_one_false_alarm_sets_it_back(on: Stage) -> None:
    # Given a new rule in shadow: it is decided as ever, and nobody is told.
    await step(on, "shadow")
    await touch(on, "c-1", incident_id="i-1")
    assert await on.ledger("c-1") == [("opened", "suppressed", "dry_run")]
    await on.hear(resolved(on.now, "i-1"))
    assert on.office.mails == []

    # When a person trusts it a little, each audience is approved, however small.
    await step(on, "approve")
    await touch(on, "c-2", incident_id="i-2")
    assert await told(on) == set()
    await approve(on)
    assert await told(on) == {"c-2"}

    # Then small audiences go alone, and large ones do not.
    await step(on, "auto_up_to")
    await touch(on, "c-3", incident_id="i-3")
    await touch(on, *customers(5, first=10), incident_id="i-4")
    assert await told(on) == {"c-2", "c-3"}

    # Then nobody is asked, also of what waits already.
    await step(on, "auto")
    assert await told(on) == {"c-2", "c-3", *customers(5, first=10)}
    await touch(on, *customers(6, first=20), incident_id="i-5")
    assert await told(on) == {"c-2", "c-3", *customers(5, first=10), *customers(6, first=20)}

    # When one of its incidents turns out to be a false alarm, it is set back by one step, once, and those it told hear so.
    await on.hear(dismissed(on.now, "i-5"))
    assert await told(on, "dismissed") == set(customers(6, first=20))
    found = await record(on)
    assert (found["step"], found["by"], found["false_alarms"]) == ("auto_up_to", "forewarn", 1)
    await on.hear(reopened(on.now, "i-5", revision=2), dismissed(on.now, "i-5", revision=3))
    assert (await record(on))["step"] == "auto_up_to"
    await touch(on, *customers(5, first=30), incident_id="i-6")
    assert await told(on) & set(customers(5, first=30)) == set()


async def test_the_first_step_is_the_last_to_lose(on: Stage) -> None:
    await step(on, "shadow")
    await touch(on, "c-1")
    await on.hear(dismissed(on.now))
    assert (await record(on))["step"] == "shadow"


async def test_the_record_says_whom_a_rule_told_and_what_came_of_it(on: Stage) -> None:
    await touch(on, "c-1", "c-2", "c-3")
    await on.loop.advance(MINUTE)
    await on.hear(linked(on.now, customer_id="c-2"))
    await on.hear(resolved(on.now))
    found = await record(on)
    counted = {name: found[name] for name in ("audiences", "customers", "told", "wrote_in", "false_alarms", "opt_outs", "normal")}
    assert counted == {"audiences": 1, "customers": 3, "told": 3, "wrote_in": 1, "false_alarms": 0, "opt_outs": 0, "normal": 3}
    await on.hear(reopened(on.now, revision=2), resolved(on.now, revision=3))
    assert ((await record(on))["told"], (await record(on))["wrote_in"]) == (3, 1), "counted anew, not twice"


# ── brakes ───────────────────────────────────────────────────────────────────────────────────


async def test_a_brake_stops_a_rule_whose_audience_doubles_between_plan_and_send(on: Stage) -> None:
    await touch(on, *customers(4))
    await on.know(*customers(4, first=5), "c-20")
    [approval] = await waiting(on)
    seen = (await story(on, approval["id"]))["seen"]
    assert (await ask(on, "POST", f"/v1/approvals/{approval['id']}/approve", {"seen": seen})).status_code == 200
    await on.consume(impact(on.now, *customers(4, first=5), chunk=1))
    await on.loop.settle()
    assert await told(on) == set(), "nobody is told of an audience that is twice as large as what a person has seen"
    assert await thrown(on) == [(RULE, "brake", "its audience has grown since a person approved of it")]
    await on.hear(opened(on.now, "i-2", rule="search-slow", component="search"), impact(on.now, "c-20", incident_id="i-2"))
    assert await told(on) == {"c-20"}, "the product goes on"
    await release(on)
    assert await told(on) == {"c-20", *customers(4)}, "what was approved is told when a person releases the brake"
    assert await thrown(on) == []
    assert len(await waiting(on)) == 1, "and who came later waits"


async def test_a_brake_stops_a_rule_that_suddenly_touches_ten_times_its_normal(on: Stage) -> None:
    await step(on, "auto")
    for number in range(3):
        await touch(on, f"c-{number}", incident_id=f"i-{number}")
        await on.hear(resolved(on.now, f"i-{number}"))
    await on.loop.advance(2 * HOUR)
    await touch(on, *customers(11, first=100), incident_id="i-9")
    assert await told(on) & set(customers(11, first=100)) == set()
    [(rule, mode, reason)] = await thrown(on)
    assert (rule, mode, reason) == (RULE, "brake", "it tells far more customers than it normally does")
    await on.hear(resolved(on.now, "i-2", revision=9))
    await release(on)
    assert await told(on) >= set(customers(11, first=100))


async def test_a_brake_lets_those_who_were_told_hear_of_the_end(on: Stage) -> None:
    await step(on, "auto")
    await touch(on, "c-1")
    for number in (2, 3):
        await touch(on, f"c-{number}", incident_id=f"i-{number}")
    await on.loop.advance(2 * HOUR)
    await touch(on, *customers(30, first=100), incident_id="i-9")
    assert len(await thrown(on)) == 1
    await on.hear(resolved(on.now))
    assert await told(on, "resolved") == {"c-1"}


async def test_a_brake_stops_a_rule_that_tells_the_same_customer_again_and_again(fresh_database: Settings, tmp_path: Path) -> None:
    limits = SMALL.replace("repeats: 3", "repeats: 2")
    async with small_stage(fresh_database, tmp_path, limits) as on:
        for number in (1, 2, 3):
            await touch(on, "c-1", incident_id=f"i-{number}")
        assert len(on.office.kinds("c-1@example.org")) == 2
        assert await thrown(on) == [(RULE, "brake", "it tells the same customer again and again")]
        await release(on)
        assert len(on.office.kinds("c-1@example.org")) == 3
