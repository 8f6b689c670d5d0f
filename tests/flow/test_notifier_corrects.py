"""What was told wrongly is told right to exactly those who were told it, once; asking again is harmless."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.notifier.acts.correcting import CORRECTION, Correcting
from shared.events import CustomerErased
from shared.settings import Settings
from shared.timers import Work
from tests.flow.notifier_consent import ask, customers, small_stage, told, touch
from tests.flow.notifier_stage import Stage, dismissed

pytestmark = pytest.mark.asyncio

SAID = {"subject": "We were wrong about your payments", "words": "Nothing was charged twice."}


@pytest.fixture
async def on(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Stage]:
    async with small_stage(fresh_database, tmp_path) as it:
        yield it


async def correct(on: Stage, incident_id: str = "i-1", **said: str) -> int:
    answer = await ask(on, "POST", f"/v1/incidents/{incident_id}/correction", {**SAID, **said})
    await on.loop.settle()
    return answer.status_code


async def test_exactly_those_who_were_told_hear_the_correction_once(on: Stage) -> None:
    on.service.due = {**on.service.due, CORRECTION: Work(Correcting(on.service.database, at_most=2).correct)}
    await on.know("c-4", consent={"incident": False})
    await on.know("c-5", contacts=())
    await touch(on, "c-1", "c-2", "c-3")
    await touch(on, "c-8", incident_id="i-2")
    await on.hear(dismissed(on.now))
    assert await correct(on) == 202
    assert await correct(on) == 202
    assert await told(on, "correction") == {"c-1", "c-2", "c-3"}
    assert [on.office.kinds(f"{each}@example.org").count("correction") for each in customers(3)] == [1, 1, 1]
    mail = on.office.to("c-1@example.org")[-1]
    body = mail.get_body(("plain",))
    assert body is not None
    assert (str(mail["Subject"]), SAID["words"] in body.get_content()) == (SAID["subject"], True)
    said = (await ask(on, "GET", "/v1/incidents/i-1/corrections")).json()
    [shown] = said["items"]
    assert said["told"] == 3, "for how many it is stands there before it is sent"
    assert (shown["customers"], shown["done"], shown["by"]) == (3, True, "eve")


async def test_other_words_are_another_correction(on: Stage) -> None:
    await touch(on, "c-1")
    await correct(on)
    await correct(on, words="And nothing was lost.")
    assert on.office.kinds("c-1@example.org") == ["opened", "correction", "correction"]


async def test_a_correction_goes_out_although_its_rule_is_switched_off(on: Stage) -> None:
    await touch(on, "c-1")
    stop = {"scope": "rule", "name": "checkout-failing", "thrown": True, "reason": "it tells nonsense"}
    assert (await ask(on, "PUT", "/v1/switches", stop)).status_code == 200
    await correct(on)
    assert await told(on, "correction") == {"c-1"}


async def test_who_is_still_waiting_for_an_approval_has_nothing_to_be_corrected(on: Stage) -> None:
    await touch(on, *customers(5))
    assert (await ask(on, "GET", "/v1/incidents/i-1/corrections")).json()["told"] == 0
    await correct(on)
    assert on.office.mails == []


async def test_the_erased_hear_nothing_more(on: Stage) -> None:
    await touch(on, "c-1", "c-2")
    erased = CustomerErased.of(CustomerErased.Data(reason="requested"), subject="c-1", at=on.now)
    await on.hear(erased)
    await correct(on)
    assert await told(on, "correction") == {"c-2"}


async def test_an_incident_that_nobody_knows_cannot_be_corrected(on: Stage) -> None:
    assert await correct(on, "i-unknown") == 404
