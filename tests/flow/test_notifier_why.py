"""Of every customer and incident notifier says whether they were told, why, why then, why there and by which versions; or why not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.events import CustomerErased, IncidentImpact, IncidentSplit
from shared.settings import Settings
from tests.flow.notifier_consent import ask, customers, small_stage, touch
from tests.flow.notifier_stage import MINUTE, Stage, about, impact, opened, replied, resolved, updated

pytestmark = pytest.mark.asyncio

JUDGED = {"rule_version": "0123456789ab", "ratio": 0.5}


@pytest.fixture
async def on(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Stage]:
    async with small_stage(fresh_database, tmp_path) as it:
        yield it


async def why(on: Stage, customer_id: str = "c-1", incident_id: str = "i-1") -> dict[str, Any]:
    answer = await ask(on, "GET", f"/v1/why/{incident_id}/{customer_id}")
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def because(on: Stage, customer_id: str = "c-1", incident_id: str = "i-1") -> str:
    return str((await why(on, customer_id, incident_id))["because"])


async def test_who_was_told_is_told_why_when_where_and_by_which_versions(on: Stage) -> None:
    await on.know("c-1")
    fact = opened(on.now)
    judged = fact.model_copy(update={"data": fact.data.model_copy(update={"why": JUDGED})})
    await on.hear(judged, impact(on.now, "c-1"))
    await on.loop.advance(MINUTE)
    await on.hear(resolved(on.now, revision=1))
    said = await why(on)
    assert (said["told"], said["because"], said["words"], said["customer_known"]) == (True, "told", "They were told.", True)
    assert said["incident"].items() >= {"status": "resolved", "rule": "checkout-failing", "rule_version": "0123456789ab"}.items()
    alarm, end = said["notifications"]
    assert (alarm["kind"], end["kind"], end["status"]) == ("opened", "resolved", "delivered")
    assert (alarm["policy"], alarm["rule_version"]) == (said["policy"], "0123456789ab")
    assert (alarm["evidence"]["count"], alarm["figures"]["consent"], alarm["waits_for"]) == (3, "silence", None)
    [way] = alarm["ways"]
    assert (way["channel"], way["address"], way["status"], way["tries"]) == ("email", "c•••@example.org", "delivered", 1)
    assert way["began_at"] == way["ended_at"] == alarm["sent_at"]
    assert [each["outcome"] for each in alarm["attempts"]] == ["delivered"]


async def test_what_waits_says_for_what(on: Stage) -> None:
    await ask(on, "PUT", "/v1/switches", {"scope": "rule", "name": "checkout-failing", "mode": "off", "thrown": True, "reason": "words"})
    await touch(on, "c-1")
    said = await why(on)
    [held] = said["notifications"]
    assert (said["told"], said["because"], held["waits_for"]["reason"]) == (False, "waiting", "switched_off")
    assert held["waits_for"]["words"] == "A switch is thrown (rule checkout-failing, off), by eve."
    await ask(on, "PUT", "/v1/switches", {"scope": "rule", "name": "checkout-failing", "mode": "off", "thrown": False, "reason": "done"})
    await touch(on, *customers(5, first=2), chunk=1)
    waits = (await why(on, "c-2"))["notifications"][0]["waits_for"]
    assert (waits["reason"], waits["until"] > on.now.isoformat()) == ("unapproved", True)
    await on.hear(opened(on.now, "i-2"), impact(on.now, "c-99", incident_id="i-2"))
    unknown = await why(on, "c-99", "i-2")
    assert (unknown["customer_known"], unknown["notifications"][0]["waits_for"]["reason"]) == (False, "unknown_customer")


async def test_what_is_tried_again_says_when(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_recipient["c-1@example.org"] = ["450 4.2.1 later"]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    said = await why(on)
    [tried] = said["notifications"]
    assert (said["because"], tried["waits_for"]["reason"], tried["waits_for"]["until"]) == (
        "waiting",
        "retry",
        f"{on.now + MINUTE:%Y-%m-%dT%H:%M:%SZ}",
    )
    assert [way["status"] for way in tried["ways"]] == ["waiting"]


async def test_who_was_never_written_down_is_told_why_not(on: Stage) -> None:
    await touch(on, "c-1")
    assert await because(on, "c-2") == "not_touched"
    unknown = await ask(on, "GET", "/v1/why/i-9/c-1")
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/problem+json")
    await on.hear(replied(on.now, "answer", incident_id="i-9"))
    heard = await why(on, "c-1", "i-9")
    assert heard["incident"] is None, "a ticket names it, and no fact about it has come"
    assert [each["ticket_id"] for each in heard["notifications"]] == ["t-1"]


async def test_who_was_taken_out_split_off_or_erased_is_known_as_that(on: Stage) -> None:
    await on.know("c-1", "c-2", "c-3")
    await ask(on, "PUT", "/v1/switches", {"scope": "all", "mode": "off", "thrown": True, "reason": "words"})
    await on.hear(opened(on.now), impact(on.now, "c-1", "c-2", "c-3"))
    out = IncidentImpact.Data(incident_id="i-1", chunk=1, customers=(), removed=("c-1",))
    await on.hear(IncidentImpact.of(out, subject="i-1", at=on.now, unique=1))
    split = IncidentSplit.Data(**about(on.now, "i-2"), from_ids=("i-1",), into_id="i-2", customers=impact(on.now, "c-2").data.customers)
    await on.hear(opened(on.now, "i-2"), IncidentSplit.of(split, subject="i-2", at=on.now))
    await on.hear(CustomerErased.of(CustomerErased.Data(), subject="c-3", at=on.now))
    await ask(on, "PUT", "/v1/switches", {"scope": "all", "mode": "off", "thrown": False, "reason": "done"})
    await on.hear(updated(on.now, revision=1))
    assert await because(on) == "taken_out"
    moved = await why(on, "c-2")
    assert (moved["because"], moved["moved_to"], await because(on, "c-2", "i-2")) == ("moved", "i-2", "told")
    erased = await why(on, "c-3")
    assert (erased["because"], erased["notifications"], erased["erased_at"] is not None) == ("erased", [], True)
