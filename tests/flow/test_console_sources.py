"""The page of sources: what became of their records and why, which are silent, and a mapping tried on the latest records."""

from datetime import UTC, datetime, timedelta

import pytest

from services.console.acting.acts import Owner
from services.console.sessions.roles import Role
from shared.http.problems import Problem
from shared.settings import Settings
from tests.flow.console_owner import FakeOwner
from tests.flow.console_screen import screen

SPOKE = datetime.now(UTC) - timedelta(hours=2)
MAPPING = {"events": [{"type": "com.example.order", "subject": "{user.id}"}]}
COUNTS = {"mapped": 741, "left_out": 3, "unmapped": 2, "bad": 1, "since": SPOKE.isoformat(), "mapped_at": None}
WHY = {"reason": "no_time", "records": 2, "detail": "no_time: {ts}", "place": "partition 1 offset 3", "shape": '{"ts": "text"}'}
SHOP = {"source": "topic/shop.orders", "kind": "topic", "name": "shop.orders", "format": "json", "mapping": MAPPING, **COUNTS}
HOOK = {"source": "hook/<b>", "kind": "hook", "name": "<b>", "format": "json", "mapping": None, "reasons": [], **COUNTS}
SOURCES = {
    "sources": [
        SHOP | {"last_at": SPOKE.isoformat(), "reasons": [WHY | {"last_at": SPOKE.isoformat()}]},
        HOOK | {"last_at": None},
    ]
}
EXAMPLE = {"place": "partition 0 offset 9", "detail": "{user}", "shape": ""}
TRIED = {"records": 4, "mapped": 2, "left_out": 1, "refused": 1, "types": {"com.example.order": 2}, "events": [{"subject": "c-1"}]}
TRIED |= {"reasons": [{"reason": "no_subject", "records": 1, "examples": [EXAMPLE]}]}
FORM = {"form_id": "form-0001", "topic": "shop.orders", "mapping": "events:\n- type: x\n", "last": "50"}


async def test_sources_are_shown_with_why_records_became_nothing(fresh_database: Settings) -> None:
    owner = FakeOwner()
    owner.answer = SOURCES
    async with screen(fresh_database) as on, on.seen_by(Role.VIEWER) as browser:
        owner.asked_by(on, Owner.MONITOR)
        text = (await browser.get("/sources?topic=shop.orders")).text
    assert ">741<" in text
    assert text.count("silent since") == text.count("never heard") == 1
    assert "partition 1 offset 3" in text
    assert "{&#34;ts&#34;: &#34;text&#34;}" in text
    assert '<th scope="row">&lt;b&gt;</th>' in text
    assert "Try it" not in text


async def test_an_operator_tries_a_mapping_which_is_written_down(fresh_database: Settings) -> None:
    owner = FakeOwner()
    owner.answer = SOURCES | TRIED
    async with screen(fresh_database) as on, on.seen_by(Role.OPERATOR) as browser:
        owner.asked_by(on, Owner.MONITOR)
        form = (await browser.get("/sources?topic=shop.orders")).text
        tried = (await browser.post("/sources/try", data=FORM)).text
        acts = await on.rows("SELECT act, subject, after FROM audit")
    assert "- type: com.example.order" in form
    [asked] = [each["body"] for each in owner.asked if each["method"] == "POST"]
    assert asked == {"topic": "shop.orders", "mapping": {"events": [{"type": "x"}]}, "last": 50}
    assert "4 records: 2 mapped, 1 left out, 1 refused" in tried
    assert "subject: c-1" in tried
    assert "partition 0 offset 9" in tried
    assert "- type: x" in tried  # what was typed stays
    after = {"records": 4, "mapped": 2, "left_out": 1, "refused": 1}
    assert acts == [{"act": "monitor.try_mapping", "subject": "sources:shop.orders", "after": after}]


@pytest.mark.parametrize("mapping", ["a: [", "just words", "!!python/object:x {}"])
async def test_what_is_no_mapping_is_refused_and_kept(mapping: str, fresh_database: Settings) -> None:
    owner = FakeOwner()
    owner.answer = SOURCES
    async with screen(fresh_database) as on, on.seen_by(Role.OPERATOR) as browser:
        owner.asked_by(on, Owner.MONITOR)
        answer = await browser.post("/sources/try", data=FORM | {"mapping": mapping})
    assert (answer.status_code, mapping in answer.text) == (422, True)
    assert "The mapping is not what YAML allows: line 1: " in answer.text


async def test_a_monitor_that_is_away_or_refuses_says_so(fresh_database: Settings) -> None:
    owner = FakeOwner()
    owner.problem = Problem(422, "the mapping does not say what it must", errors=[{"at": "events.0", "why": "Field required"}])
    async with screen(fresh_database) as on, on.seen_by(Role.OPERATOR) as browser:
        assert "monitor does not answer" in (await browser.get("/sources")).text
        owner.asked_by(on, Owner.MONITOR)
        answer = await browser.post("/sources/try", data=FORM)
    assert (answer.status_code, "monitor refuses: events.0: Field required." in answer.text) == (422, True)
