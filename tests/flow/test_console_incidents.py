"""Now, the list of incidents, one incident with its acts: what is shown, to whom, and what monitor answers."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.console.acting.acts import Owner
from services.console.sessions.roles import Role
from shared.http.problems import Problem
from shared.settings import Settings
from tests.flow.console_owner import FakeOwner
from tests.flow.console_rows import EVIL, NOW, WHY, there_is
from tests.flow.console_screen import Screen, screen
from tests.flow.console_story import hear, suspected

RESOLVED = {
    "id": "i-1",
    "status": "resolved",
    "revision": 2,
    "ended_at": NOW.isoformat(),
    "by": "lea",
    "note": "The cache was full.",
}


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Screen]:
    async with screen(fresh_database) as it:
        yield it


async def an_incident_with_a_past(on: Screen) -> None:
    await there_is(on, "incidents", why=WHY)
    await there_is(on, "impact")
    opened = {"service": "monitor", "what": "incident.opened", "ticket_id": None, "incident_id": "i-1", "detail": {"why": WHY}}
    await there_is(on, "timeline", id="f-1", at=NOW - timedelta(minutes=19), **opened)
    for second in range(4):
        await on.run(
            "INSERT INTO moments (incident_id, second, what, customers) VALUES ('i-1', $1, 'opened', 34)",
            NOW - timedelta(minutes=18) + timedelta(seconds=second),
        )
    await there_is(on, "tickets", incident_id="i-1")
    await there_is(on, "timeline", id="f-2", what="ticket.linked", incident_id="i-1")


async def test_an_incident_that_came_from_complaints_says_who_approved_it(on: Screen) -> None:
    await there_is(on, "incidents")
    assert "It came from complaints" not in await on.page("/incidents/i-1")
    async with on.database.transaction() as tx:
        await hear(tx, [suspected("i-1", "pay", NOW, 7), suspected("i-1", "pay", NOW, 8, status="open", by="<b>lea</b>", revision=1)])
    shown = await on.page("/incidents/i-1")
    assert "It came from complaints: 8 customers had written" in shown
    assert "approved by &lt;b&gt;lea&lt;/b&gt;" in shown


# ── Now ──────────────────────────────────────────────────────────────────────────────────────


async def test_now_says_how_open_incidents_stand_and_how_many_wait(on: Screen) -> None:
    await there_is(on, "incidents")
    await there_is(on, "incidents", id="i-2", title="Search is failing", silent_since=NOW - timedelta(minutes=7))
    await there_is(on, "incidents", id="i-3", title="Mail is failing", behind_seconds=300.0)
    await there_is(on, "tickets")
    await there_is(on, "notifications", status="failed", reason="address")
    shown = await on.page("/")
    assert 'data-state="failing"' in shown
    assert "silent since" in shown
    assert "monitor is catching up" in shown
    assert '<td class="number">1</td>' in shown
    assert '<span class="quiet">in 24 h</span></th><td class="number">1</td>' in shown


async def test_now_shows_the_fifty_newest_and_says_how_many_there_are(on: Screen) -> None:
    await on.run(
        "INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, revision, said_at)"
        " SELECT 'i-' || n, 'r', 'c', 'low', 'Trouble', 'open', now(), now() - n * interval '1 s', 1, now()"
        " FROM generate_series(1, 10050) n"
    )
    shown = await on.page("/")
    assert shown.count("data-row=") == 50
    assert "the 50 newest of more than 10\u202f000" in shown


async def test_an_open_page_gets_only_the_region_it_asks_for(on: Screen) -> None:
    async with on.seen_by(Role.VIEWER) as browser:
        answer = await browser.get("/", headers={"Forewarn-Regions": "queue"})
    assert answer.text.count("data-region") == 1


# ── the list ─────────────────────────────────────────────────────────────────────────────────


async def test_the_list_has_filters_that_are_links(on: Screen) -> None:
    await there_is(on, "incidents")
    await there_is(on, "incidents", id="i-2", title="Search was failing", component="search", status="resolved", ended_at=NOW)
    assert "Search was failing" not in await on.page("/incidents?state=open")
    assert "Checkout is failing" not in await on.page("/incidents?state=ended")
    of_search = await on.page("/incidents?component=search")
    assert "Search was failing" in of_search
    assert "Checkout is failing" not in of_search
    assert 'href="/incidents?component=checkout"' in await on.page("/incidents")


async def test_the_list_goes_on_by_a_cursor_until_all_were_shown_once(on: Screen) -> None:
    await on.run(
        "INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, revision, said_at)"
        " SELECT 'i-' || n, 'r', 'c', 'low', 'Trouble', 'open', now(), now() - n / 7 * interval '1 s', 1, now()"
        " FROM generate_series(1, 120) n"
    )
    seen: list[str] = []
    path: str | None = "/incidents"
    while path:
        shown = await on.page(path)
        seen += re.findall(r'data-row="(i-\d+)"', shown)
        following = re.search(r'rel="next"[^>]* href="([^"]+)"', shown)
        path = f"/incidents{following[1].replace('&amp;', '&')}" if following else None
    assert len(seen) == len(set(seen)) == 120


async def test_a_cursor_of_nobody_is_refused(on: Screen) -> None:
    await on.page("/incidents?cursor=nonsense", status=422)


# ── one incident ─────────────────────────────────────────────────────────────────────────────


async def test_an_incident_shows_evidence_time_line_told_and_tickets(on: Screen) -> None:
    await an_incident_with_a_past(on)
    shown = await on.page("/incidents/i-1")
    assert "31.2 %" in shown
    assert "20 %" in shown
    assert "<svg" in shown
    assert "136 customers were told within 3 s" in shown
    assert "1 ticket linked to it" in shown
    assert "#1042" in shown
    assert "not decided yet" in shown
    assert "/incidents/i-1/affected" in shown
    assert "/why?customer=c-1&amp;incident=i-1" in shown


async def test_reasons_of_the_untold_are_counted(on: Screen) -> None:
    await there_is(on, "incidents")
    for number, reason in enumerate(("capped", "capped", "stale", "of a later version")):
        await there_is(on, "impact", customer_id=f"c-{number}", untold_reason=reason)
    shown = re.sub(r"\s+", " ", await on.page("/incidents/i-1"))
    assert re.search(r"told often enough</a></th> <td class=\"number\">2</td>", shown)
    assert re.search(r"another reason</th> <td class=\"number\">1</td>", shown)


async def test_an_unknown_incident_is_404(on: Screen) -> None:
    for path in ("/incidents/none", "/incidents/none/affected", "/why?customer=c-1&incident=none"):
        await on.page(path, status=404)


async def test_who_may_not_end_an_incident_sees_no_form_and_is_refused(on: Screen) -> None:
    await there_is(on, "incidents")
    assert "Dismiss" not in await on.page("/incidents/i-1")
    async with on.seen_by(Role.AGENT) as browser:
        answer = await browser.post("/incidents/i-1/resolve", data={"form_id": "a-form-of-this-test"})
    assert answer.status_code == 403


async def test_what_monitor_answers_is_shown_before_its_fact_arrives(on: Screen) -> None:
    await there_is(on, "incidents")
    owner = FakeOwner()
    owner.answer = RESOLVED
    owner.asked_by(on, Owner.MONITOR)
    async with on.seen_by(Role.LEAD, "lea") as browser:
        done = await browser.post(
            "/incidents/i-1/resolve", data={"form_id": "a-form-of-this-test", "note": "The cache was full.", "tell": "true"}
        )
        shown = (await browser.get("/incidents/i-1")).text
    assert done.status_code == 303
    assert done.headers["location"] == "/incidents/i-1"
    assert owner.asked[0]["path"] == "/v1/incidents/i-1/resolve"
    assert owner.asked[0]["body"] == {"note": "The cache was full.", "tell": True}
    assert 'data-state="resolved"' in shown
    assert "The cache was full." in shown


async def test_a_refusal_is_said_in_words_and_nothing_typed_is_lost(on: Screen) -> None:
    await there_is(on, "incidents")
    owner = FakeOwner()
    owner.problem = Problem(409, "the incident is dismissed already", current="dismissed")
    owner.asked_by(on, Owner.MONITOR)
    async with on.seen_by(Role.LEAD) as browser:
        answer = await browser.post("/incidents/i-1/dismiss", data={"form_id": "a-form-of-this-test", "note": "A test run."})
    assert answer.status_code == 409
    assert "the incident is dismissed already" in answer.text
    assert "A test run." in answer.text
    assert not re.search(r'name="tell"[^>]*checked', answer.text)


async def test_an_incident_shows_who_has_it_what_customers_read_and_what_it_was_merged_into(on: Screen) -> None:
    public = {"words": "We are on it.", "workaround": "Pay by card.", "at": NOW.isoformat(), "by": "lea"}
    public |= {"next_update_at": NOW.isoformat(), "estimate": NOW.isoformat()}
    await there_is(on, "incidents", acknowledged_at=NOW, acknowledged_by="lea", public=public)
    await there_is(on, "incidents", id="i-2", title="The bank is away", merged_into="i-1")
    done = {"service": "monitor", "what": "incident.updated", "ticket_id": None, "incident_id": "i-1", "who": "lea"}
    await there_is(on, "timeline", id="f-1", at=NOW, detail={"step": "updated", "public": public, "why": WHY}, **done)
    await there_is(on, "timeline", id="f-2", at=NOW, detail={"step": "removed", "affected": 3, "note": "Test accounts."}, **done)
    async with on.seen_by(Role.LEAD) as browser:
        shown = re.sub(r"\s+", " ", (await browser.get("/incidents/i-1")).text)
        merged = (await browser.get("/incidents/i-2")).text
    for words in ("lea has it", "We are on it.", "Pay by card.", "Said to customers: “We are on it.”", "taken out: it touches 3 customers"):
        assert words in shown, words
    assert "Acknowledge: I have it" not in shown
    assert "Update for customers" in shown
    assert "with which it ends" in merged
    assert "Work on it" not in merged


async def test_each_form_of_an_incident_asks_monitor_and_keeps_what_was_typed_when_refused(on: Screen) -> None:
    await there_is(on, "incidents")
    await there_is(on, "incidents", id="i-2", title="The bank is away")
    owner = FakeOwner()
    owner.asked_by(on, Owner.MONITOR)
    forms = {
        "acknowledge": ({}, "acknowledge", {"note": ""}),
        "update": (
            {"words": "Soon.", "next_update_at": "2026-11-24T12:30"},
            "update",
            {"words": "Soon.", "workaround": "", "next_update_at": "2026-11-24T12:30Z", "estimate": None},
        ),
        "severity": ({"severity": "low", "reason": "few"}, "severity", {"severity": "low", "reason": "few"}),
        "add": ({"customers": "c-2\r\n\r\n c-3", "reason": "said so"}, "customers/add", {"customers": ["c-2", "c-3"], "reason": "said so"}),
        "remove": ({"customers": "c-2", "reason": "no"}, "customers/remove", {"customers": ["c-2"], "reason": "no"}),
        "split": (
            {"customers": "c-2", "title": " ", "reason": "bank"},
            "split",
            {"customers": ["c-2"], "title": None, "reason": "bank"},
        ),
        "merge": ({"into": "i-2", "note": "one bank"}, "merge", {"into": "i-2", "note": "one bank"}),
    }
    async with on.seen_by(Role.LEAD) as browser:
        for form, (typed, path, body) in forms.items():
            sent = {"form_id": f"a-form-of-this-test-{form}", **typed}
            assert (await browser.post(f"/incidents/i-1/{form}", data=sent)).status_code == 303, form
            assert (owner.asked[-1]["path"], owner.asked[-1]["body"]) == (f"/v1/incidents/i-1/{path}", body)
        owner.problem = Problem(422, "next_update_at is not ahead")
        answer = await browser.post("/incidents/i-1/update", data={"form_id": "another-form-of-this-test", "words": "Never lost."})
        assert (await browser.post("/incidents/i-1/explode", data={"form_id": "a-third-form-of-this-test"})).status_code == 404
    assert answer.status_code == 422
    assert "next_update_at is not ahead" in answer.text
    assert "Never lost.</textarea>" in answer.text


async def test_an_incident_shows_what_opened_none_because_of_it_and_survives_a_monitor_that_says_less(on: Screen) -> None:
    await there_is(on, "incidents")
    owner = FakeOwner()
    owner.asked_by(on, Owner.MONITOR)
    said = {"rule": "search-slow", "component": "search", "severity": "low", "title": EVIL, "last_at": "2026-11-24T12:00:00Z"}
    async with on.seen_by(Role.VIEWER) as browser:
        owner.answer = {"items": [said, {"rule": "cart-slow"}, "nonsense"]}
        shown = (await browser.get("/incidents/i-1")).text
        unknown = []
        for owner.answer in ({"items": []}, {"items": None}, {}):
            unknown.append((await browser.get("/incidents/i-1")).text)
        owner.problem = Problem(404, "there is no such page")
        unknown.append((await browser.get("/incidents/i-1")).text)
    assert owner.asked[0]["path"] == "/v1/incidents/i-1/muted"
    assert "Muted by it" in shown
    assert ("&lt;script&gt;alert(1)" in shown, EVIL in shown, "cart-slow" in shown) == (True, False, True)
    assert not any("Muted by it" in text for text in unknown)


# ── what facts say is text ───────────────────────────────────────────────────────────────────


async def test_no_text_of_a_fact_becomes_markup(on: Screen) -> None:
    await there_is(
        on, "incidents", title=EVIL, component=EVIL, rule=EVIL, severity=EVIL, symptom=EVIL, why={EVIL: EVIL, "opens_at": {EVIL: 1}}
    )
    await there_is(on, "incidents", id="i-2", title=EVIL, status="dismissed", note=EVIL, ended_by=EVIL, ended_at=NOW, silent_since=NOW)
    await there_is(on, "customers", id="c-1", name=EVIL)
    await there_is(on, "notifications", subject=EVIL, body=EVIL, answer=EVIL, channel=EVIL, why={EVIL: EVIL})
    await there_is(on, "impact", notification_id="n-1", told_at=NOW)
    await there_is(on, "impact", customer_id=EVIL, untold_reason=EVIL)
    await there_is(on, "tickets", incident_id="i-1", subject=EVIL, assignee=EVIL)
    said = {
        "service": "monitor",
        "what": EVIL,
        "incident_id": "i-1",
        "ticket_id": None,
        "who": EVIL,
        "detail": {"note": EVIL, "why": {EVIL: 1}},
    }
    await there_is(on, "timeline", **said)
    for path in (
        "/",
        "/incidents",
        "/incidents/i-1",
        "/incidents/i-2",
        "/incidents/i-1/affected",
        "/why?customer=c-1",
        "/why?customer=c-1&incident=i-1",
        "/why?notification=n-1",
    ):
        shown = await on.page(path)
        assert "<script>alert" not in shown, path
        assert "<img src=x" not in shown, path
        assert "49</textarea>" not in shown.replace("&lt;", "<").replace("&gt;", ">"), path
