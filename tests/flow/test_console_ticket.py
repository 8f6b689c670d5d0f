"""A ticket on the screen: everything known beside it, and acts that ticketing does, refuses, or leaves open."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from services.console.acting.acts import Owner
from services.console.sessions.roles import Role
from shared.http.problems import Problem
from shared.settings import Settings
from tests.flow.console_owner import FakeOwner
from tests.flow.console_rows import EVIL, NOW, there_is
from tests.flow.console_screen import Screen, screen

PAGE = "/tickets/1042"
ANSWER = {
    "id": "t-1",
    "number": 1042,
    "customer_id": "c-1",
    "status": "waiting",
    "assignee": "ada",
    "incident_id": None,
    "changed_at": (NOW + timedelta(seconds=1)).isoformat(),
}


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Screen]:
    async with screen(fresh_database) as it:
        for table in ("customers", "incidents", "impact", "tickets", "messages", "notifications"):
            await there_is(it, table)
        yield it


@pytest.fixture
async def owner(on: Screen) -> FakeOwner:
    owner = FakeOwner()
    owner.answer = ANSWER
    owner.asked_by(on, Owner.TICKETING)
    return owner


async def press(browser: httpx2.AsyncClient, form: str, **typed: str) -> httpx2.Response:
    return await browser.post(f"{PAGE}/{form}", data={"form_id": "one-form-of-this-test", **typed})


async def page(on: Screen, role: Role = Role.AGENT, path: str = PAGE) -> str:
    return await on.page(path, role)


# ── what is seen ─────────────────────────────────────────────────────────────────────────────


async def test_everything_known_is_beside_the_conversation(on: Screen) -> None:
    await there_is(on, "tickets", id="t-0", number=1000, subject="An earlier one", opened_at=NOW - timedelta(days=3), status="closed")
    await there_is(on, "suggestions")
    await there_is(on, "viewing")
    text = await page(on)
    for words in (
        "The checkout hangs.",
        "Ada",
        "ada@example.org",
        "gold",
        "Checkout is failing",
        "We are on it already.",
        "An earlier one",
        "same component",
        "first response due in 12 h",
        "bob",
        "Send to Ada · ada@example.org",
    ):
        assert words in text, words


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"due_at": NOW - timedelta(hours=13, minutes=30)}, "first response missed by 13 h"),
        ({"due_at": None}, "nobody has it"),
        (
            {
                "responded_at": NOW - timedelta(minutes=5) + timedelta(seconds=2),
                "responded_automatically": True,
                "person_responded_at": NOW - timedelta(minutes=1),
            },
            "answered automatically after 2 s, a person after 4 min",
        ),
        ({"responded_at": NOW - timedelta(minutes=1), "due_at": NOW - timedelta(minutes=2)}, "answered after 4 min, late by 1 min"),
    ],
)
async def test_the_clock_is_in_words(on: Screen, columns: dict[str, Any], words: str) -> None:
    for name, value in columns.items():
        await on.run(f"UPDATE tickets SET {name} = $1", value)  # noqa: S608
    assert words in await page(on)


async def test_it_says_why_it_is_linked(on: Screen) -> None:
    await on.run("UPDATE tickets SET incident_id = 'i-1'")
    await there_is(on, "timeline", what="ticket.linked", detail={"reasons": ["They are in the impact."]})
    assert "They are in the impact." in await page(on)


async def test_a_viewer_sees_nothing_personal_and_no_form(on: Screen) -> None:
    await there_is(on, "suggestions")
    text = await page(on, Role.VIEWER)
    for words in ("ada@example.org", "The checkout hangs.", "Cannot pay", "We are on it already.", "Paying fails", "acme", ">Ada<"):
        assert words not in text, words
    assert f'action="{PAGE}' not in text


async def test_nothing_that_anybody_wrote_becomes_markup(on: Screen) -> None:
    await on.run("UPDATE customers SET name = $1, tier = $1, account = $1, account_manager = $1", EVIL)
    await on.run("UPDATE tickets SET subject = $1, assignee = $1, channel = $1, priority = $1", EVIL)
    await on.run("UPDATE messages SET subject = $1, body = $1", EVIL)
    await on.run("UPDATE notifications SET subject = $1, body = $1", EVIL)
    await on.run("UPDATE incidents SET title = $1", EVIL)
    await there_is(on, "suggestions", reasons=[EVIL])
    await there_is(on, "viewing", person=EVIL)
    await on.run("INSERT INTO drafts (person, place, text) VALUES ('ada', 'ticket:t-1:reply', $1)", EVIL)
    text = await page(on)
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "alert(1)" in text


async def test_an_unknown_ticket_is_not_found(on: Screen) -> None:
    async with on.seen_by(Role.AGENT) as browser:
        for number in ("1", "x", "9" * 30, "%00"):
            answer = await browser.get(f"/tickets/{number}")
            assert answer.status_code == 404
            assert "a moment ago" in answer.text


async def test_a_long_conversation_has_parts(on: Screen) -> None:
    for each in range(70):
        await there_is(on, "messages", id=f"m-{each:03}x", at=NOW - timedelta(minutes=4) + timedelta(seconds=each), body=f"word {each:03}")
    text = await page(on)
    assert "word 069" in text
    assert "word 019" not in text
    [link] = re.findall(r'href="(\?before=[^"]+)">Earlier', text)
    earlier = await page(on, path=PAGE + link)
    assert "word 019" in earlier
    assert "The checkout hangs." in earlier


async def test_regions_are_drawn_alone(on: Screen) -> None:
    async with on.seen_by(Role.AGENT) as browser:
        answer = await browser.get(PAGE, headers={"Forewarn-Regions": "ticket conversation beside"})
    assert answer.text.count("data-region=") == 3
    assert "<textarea" not in answer.text


# ── acts ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_reply_names_what_was_seen_and_is_shown_at_once(on: Screen, owner: FakeOwner) -> None:
    await on.run("INSERT INTO drafts (person, place, text) VALUES ('ada', 'ticket:t-1:reply', 'We are'), ('bob', 'ticket:t-1:reply', 'x')")
    async with on.seen_by(Role.AGENT) as browser:
        drawn = (await browser.get(PAGE)).text
        assert 'name="seen" value="m-1"' in drawn
        assert "We are</textarea>" in drawn
        answer = await press(browser, "reply", body="We are on it.\r\nAda", seen="m-1", then="")
        after = (await browser.get(PAGE)).text
    assert answer.headers["location"] == "/tickets/1042#latest"
    assert [asked["body"] for asked in owner.asked] == [{"body": "We are on it.\nAda", "seen": "m-1"}]
    assert "We are on it." in after
    assert "on its way" in after
    assert 'data-state="waiting"' in after
    assert await on.rows("SELECT person, text FROM drafts ORDER BY person") == [
        {"person": "ada", "text": ""},
        {"person": "bob", "text": "x"},
    ]


async def test_once_the_fact_is_heard_the_page_shows_the_fact(on: Screen, owner: FakeOwner) -> None:
    async with on.seen_by(Role.AGENT) as browser:
        await press(browser, "reply", body="We are on it.", seen="m-1")
        await on.run("UPDATE tickets SET changed_at = $1, status = 'resolved'", NOW + timedelta(seconds=1))
        after = (await browser.get(PAGE)).text
    assert "on its way" not in after
    assert 'data-state="resolved"' in after


async def test_when_somebody_answered_first_it_is_shown_and_the_text_is_kept(on: Screen, owner: FakeOwner) -> None:
    newer = {"id": "m-2", "author": "bob", "at": NOW.isoformat(), "body": "I have answered."}
    owner.problem = Problem(409, "bob has answered since you looked", newer=newer)
    async with on.seen_by(Role.AGENT) as browser:
        answer = await press(browser, "reply", body="My long text.", seen="m-1")
        assert answer.status_code == 409
        assert 'role="alert"' in answer.text
        assert "bob has answered since you looked" in answer.text
        assert "I have answered." in answer.text
        assert "My long text.</textarea>" in answer.text
        assert 'name="seen" value="m-2"' in answer.text
        assert "one-form-of-this-test" not in answer.text


async def test_when_ticketing_is_away_the_same_form_can_be_sent_again(on: Screen, owner: FakeOwner) -> None:
    owner.loses_answers = 1
    async with on.seen_by(Role.AGENT) as browser:
        answer = await press(browser, "reply", body="My long text.", seen="m-1")
        assert answer.status_code == 503
        assert "My long text.</textarea>" in answer.text
        assert 'name="form_id" value="one-form-of-this-test"' in answer.text
        assert 'name="seen" value="m-1"' in answer.text
        assert (await press(browser, "reply", body="My long text.", seen="m-1")).status_code == 303
    assert len(owner.asked) == 1


async def test_reply_and_resolve_are_two_acts_of_one_form(on: Screen, owner: FakeOwner) -> None:
    async with on.seen_by(Role.AGENT) as browser:
        for _ in range(2):
            assert (await press(browser, "reply", body="Done.", seen="m-1", then="resolve")).status_code == 303
    assert [asked["path"] for asked in owner.asked] == ["/v1/tickets/t-1/reply", "/v1/tickets/t-1/resolve"]


@pytest.mark.parametrize(
    ("form", "typed", "path", "body"),
    [
        ("assign", {"to": "me"}, "assign", {"agent": "me"}),
        ("assign", {"to": ""}, "assign", {"agent": None}),
        ("link", {"incident_id": "i-1", "answer": "on"}, "link", {"incident_id": "i-1", "answer": True}),
        ("unlink", {"verdict": "their card"}, "unlink", {"verdict": "their card"}),
        ("resolve", {"resolution": "fixed"}, "resolve", {"resolution": "fixed"}),
        ("reopen", {"reason": "it is back"}, "reopen", {"reason": "it is back"}),
    ],
)
async def test_each_form_asks_ticketing(
    on: Screen, owner: FakeOwner, form: str, typed: dict[str, str], path: str, body: dict[str, Any]
) -> None:
    async with on.seen_by(Role.AGENT) as browser:
        answer = await press(browser, form, **typed)
    assert answer.status_code == 303
    assert [(asked["path"], asked["body"]) for asked in owner.asked] == [(f"/v1/tickets/t-1/{path}", body)]


@pytest.mark.parametrize("status", ["open", "waiting", "resolved", "closed"])
@pytest.mark.parametrize(
    ("form", "typed"), [("reply", {"body": "my words"}), ("resolve", {"resolution": "my words"}), ("reopen", {"reason": "my words"})]
)
async def test_whatever_is_refused_the_words_stay(on: Screen, owner: FakeOwner, status: str, form: str, typed: dict[str, str]) -> None:
    await on.run("UPDATE tickets SET status = $1", status)
    owner.problem = Problem(409, "it is not possible now")
    async with on.seen_by(Role.AGENT) as browser:
        answer = await press(browser, form, **typed)
    assert answer.status_code == 409
    assert "it is not possible now" in answer.text
    assert "my words" in answer.text


async def test_a_viewer_acts_on_nothing(on: Screen, owner: FakeOwner) -> None:
    async with on.seen_by(Role.VIEWER) as browser:
        answer = await press(browser, "resolve", resolution="x")
    assert (answer.status_code, owner.asked) == (403, [])


# ── drafts ───────────────────────────────────────────────────────────────────────────────────


async def test_what_is_typed_survives_and_is_ones_own(on: Screen) -> None:
    async with on.seen_by(Role.AGENT) as browser, on.seen_by(Role.AGENT, "bob") as other:
        for text in ("We", "We are <b>"):
            answer = await browser.post("/drafts", data={"place": "ticket:t-1:reply", "text": text})
            assert answer.status_code == 204
        assert "We are &lt;b&gt;</textarea>" in (await browser.get(PAGE)).text
        assert "We are &lt;b" not in (await other.get(PAGE)).text
        await browser.post("/drafts", data={"place": "ticket:t-1:reply", "text": ""})
    assert [row["text"] for row in await on.rows("SELECT text FROM drafts")] == [""]


async def test_what_arrives_late_from_a_form_that_was_sent_is_not_kept(on: Screen, owner: FakeOwner) -> None:
    place = {"place": "ticket:t-1:reply"}
    async with on.seen_by(Role.AGENT) as browser:
        await press(browser, "reply", body="We are on it.", seen="m-1", then="", form_id="form-number-1")
        await browser.post("/drafts", data={**place, "text": "We are on", "form_id": "form-number-1"})
        assert [row["text"] for row in await on.rows("SELECT text FROM drafts")] == [""]
        await browser.post("/drafts", data={**place, "text": "And", "form_id": "form-number-2"})
        await browser.post("/drafts", data={**place, "text": "We are on", "form_id": "form-number-1"})
    assert [row["text"] for row in await on.rows("SELECT text FROM drafts")] == ["And"]


async def test_about_a_ticket_that_is_gone_nothing_is_kept(on: Screen) -> None:
    async with on.seen_by(Role.AGENT) as browser:
        assert (await browser.post("/drafts", data={"place": "ticket:t-9:reply", "text": "Dear Ada"})).status_code == 204
    assert await on.rows("SELECT * FROM drafts") == []


@pytest.mark.parametrize(("place", "text"), [("", "x"), ("nowhere", "x"), ("ticket:t-1:reply", "x" * 100_001), ("ticket:\x00:reply", "x")])
async def test_what_is_no_draft_is_refused(on: Screen, place: str, text: str) -> None:
    async with on.seen_by(Role.AGENT) as browser:
        assert (await browser.post("/drafts", data={"place": place, "text": text})).status_code == 422
