"""An experiment holds out whole accounts of what can wait, keeps their arms, and compares what became of both."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.notifier.deciding.experiment import Experiment
from services.notifier.notification import Kind
from services.notifier.situation import Arm
from shared.events import CustomerErased, Fact, TicketOpened
from shared.settings import Settings
from tests.builders import acted
from tests.flow.notifier_consent import SMALL, ask, small_stage, told
from tests.flow.notifier_stage import HOUR, MINUTE, Stage, impact, opened, replied, resolved, stage, updated

pytestmark = pytest.mark.asyncio

EXPERIMENT = Experiment(name="telling-helps", share=0.5, kinds=(Kind.OPENED, Kind.GUIDANCE))
FILE = SMALL + "experiments:\n  - {name: telling-helps, share: 50%, kinds: [opened, guidance], wrote_in_within: 2h}\n"
ACCOUNTS = [f"a-{number}" for number in range(40)]
OUT = next(each for each in ACCOUNTS if EXPERIMENT.arm_of("", each) is Arm.HELD_OUT)
IN = next(each for each in ACCOUNTS if EXPERIMENT.arm_of("", each) is Arm.TOLD)


@pytest.fixture
async def on(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Stage]:
    async with small_stage(fresh_database, tmp_path, FILE) as it:
        await it.know("c-1", "c-2", account=OUT)
        await it.know("c-3", account=IN)
        yield it


def wrote(on: Stage, customer_id: str, ticket_id: str) -> Fact:
    said: dict[str, Any] = {"channel": "form", "subject": "Cannot pay", "component": None, "priority": "normal", "opened_at": on.now}
    data = TicketOpened.Data(ticket_id=ticket_id, number=7, customer_id=customer_id, **said)
    return TicketOpened.of(data, subject=ticket_id, at=on.now)


async def arms(on: Stage) -> dict[str, dict[str, Any]]:
    """Returns what the API says of both arms."""
    [found] = (await ask(on, "GET", "/v1/experiments")).json()["items"]
    return {each["arm"]: each for each in found["arms"]}


async def test_a_whole_account_hears_nothing_and_is_owed_no_end(on: Stage) -> None:
    await on.hear(opened(on.now), impact(on.now, "c-1", "c-2", "c-3"))
    await on.loop.advance(MINUTE)
    await on.hear(updated(on.now, revision=1), resolved(on.now, revision=2))
    assert await told(on) == await told(on, "resolved") == {"c-3"}
    assert await on.ledger("c-1") == await on.ledger("c-2") == [("opened", "suppressed", "held_out")]
    said = (await ask(on, "GET", "/v1/why/i-1/c-1")).json()
    assert (said["because"], said["notifications"][0]["figures"]["experiment"]) == ("held_out", "telling-helps")


async def test_what_they_ask_for_and_what_is_critical_is_told_to_them(on: Stage) -> None:
    await on.hear(opened(on.now), impact(on.now, "c-1"), acted("help", at=on.now, customer_id="c-1"))
    await on.hear(opened(on.now, "i-2", severity="critical"), impact(on.now, "c-1", incident_id="i-2"))
    await on.hear(replied(on.now, "answer", incident_id="i-1"))
    assert sorted(on.office.kinds("c-1@example.org")) == ["answer", "opened"]
    assert [each for each in await on.ledger() if each[1] == "suppressed"] == [
        (kind, "suppressed", "held_out") for kind in ("guidance", "opened")
    ]
    await on.loop.advance(MINUTE)
    await on.hear(resolved(on.now, revision=1))
    assert on.office.kinds("c-1@example.org")[-1] == "resolved", "they were told of it by the answer"


async def test_an_incident_that_becomes_critical_is_told_after_all(on: Stage) -> None:
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.hear(updated(on.now, revision=1))
    assert await told(on) == set()
    assert len(on.said()) == 1, "what goes on as before is not decided anew"
    await on.hear(updated(on.now, revision=2, severity="critical"))
    assert await told(on) == {"c-1"}
    assert (await arms(on))["held_out"]["told"]["count"] == 1


async def test_the_arm_stands_after_a_restart_and_whatever_account_they_come_to(
    on: Stage, fresh_database: Settings, tmp_path: Path
) -> None:
    await on.hear(opened(on.now), impact(on.now, "c-1", "c-3"))
    await on.know("c-1", account=IN)
    await on.know("c-3", account=OUT)
    (elsewhere := tmp_path / "again").mkdir()
    async with small_stage(fresh_database, elsewhere, FILE) as again:
        await again.hear(opened(again.now, "i-2"), impact(again.now, "c-1", "c-2", "c-3", incident_id="i-2"))
        assert await told(again) == {"c-3"}


async def test_both_arms_are_measured(on: Stage) -> None:
    await on.hear(opened(on.now), impact(on.now, "c-1", "c-2", "c-3"), wrote(on, "c-4", "t-4"))
    await on.loop.advance(MINUTE)
    await on.hear(wrote(on, "c-1", "t-1"), wrote(on, "c-1", "t-2"))
    await ask(on, "PUT", "/v1/customers/c-3/preferences", {"incident": False})
    soon = await arms(on)
    assert (soon["held_out"]["people"], soon["told"]["people"], soon["told"]["wrote_in"]) == (2, 1, None), "their time is not over"
    await on.loop.advance(2 * HOUR)
    await on.hear(wrote(on, "c-2", "t-3"))
    done = await arms(on)
    assert (done["held_out"]["told"]["count"], done["told"]["told"]["count"]) == (0, 1)
    assert done["held_out"]["wrote_in"].items() >= {"count": 1, "of": 2, "rate": 0.5}.items(), "the second of them wrote too late"
    assert (done["told"]["wrote_in"]["count"], done["told"]["opted_out"]["count"], done["held_out"]["opted_out"]["count"]) == (0, 1, 0)
    [found] = (await ask(on, "GET", "/v1/experiments")).json()["items"]
    assert found["wrote_in"]["rate"] == 0.5
    assert found["wrote_in"]["low"] < 0 < found["wrote_in"]["high"], "three customers prove nothing"
    await on.hear(CustomerErased.of(CustomerErased.Data(), subject="c-1", at=on.now))
    assert (await arms(on))["held_out"]["people"] == 1


async def test_as_shipped_nobody_is_held_out(fresh_database: Settings) -> None:
    async with stage(fresh_database) as on:
        await on.know("c-1", account=OUT)
        await on.hear(opened(on.now), impact(on.now, "c-1"))
        assert await told(on) == {"c-1"}
        assert await on.rows("SELECT * FROM experiment_arms") == []
