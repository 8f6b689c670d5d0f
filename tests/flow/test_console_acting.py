"""The console acts once for a form, however often it is pressed and whatever breaks, says what was refused, and writes it all down."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from services.console import timers
from services.console.acting.acts import Owner
from services.console.acting.outcome import Done
from services.console.acting.owners import Owners
from services.console.acting.performing import done_at, perform
from services.console.personal import PERSONAL
from services.console.sessions.roles import Role
from shared.erasing import erase
from shared.http.problems import Problem
from shared.settings import Settings
from shared.timers import Timers, Work
from tests.flow.console_owner import FakeOwner
from tests.flow.console_screen import Screen, screen

FORM = "a-form-of-its-own"
TICKET = {"id": "t-1", "status": "waiting", "assignee": None, "incident_id": None, "customer_id": "c-1", "subject": "private words"}

# A press whose process was killed while it waited for the owner.
LEFT = """INSERT INTO acts (form_id, person, act, asked, role, subject, before, leased_until)
    VALUES ($1, 'ada', 'ticket.reply', '', 'agent', 'ticket:t-1', '{{"status": "open"}}', {})"""

router = APIRouter()


@router.post("/try")
async def try_it(request: Request) -> Response:
    form = await request.form()
    before = {"status": "open", "assignee": None, "incident_id": None}
    outcome = await perform(
        request, "ticket.reply", where={"ref": "t/1 ?"}, body={"body": form["body"]}, subject="ticket:t-1", before=before
    )
    if isinstance(outcome, Done):
        return done_at(request, "/tickets/1")
    return JSONResponse({"words": outcome.words, "form_id": outcome.form_id, "extra": dict(outcome.extra)}, outcome.status)


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Screen]:
    async with screen(fresh_database) as it:
        it.app.include_router(router)
        yield it


@pytest.fixture
async def owner(on: Screen) -> FakeOwner:
    owner = FakeOwner()
    owner.answer = TICKET
    owner.asked_by(on, Owner.TICKETING)
    return owner


async def press(browser: httpx2.AsyncClient, form_id: str = FORM, body: str = "We are on it.") -> httpx2.Response:
    return await browser.post("/try", data={"form_id": form_id, "body": body})


async def audited(on: Screen) -> list[dict[str, Any]]:
    return await on.rows("SELECT person, role, act, subject, before, after, outcome FROM audit ORDER BY at, id")


async def test_the_owner_is_asked_for_the_person_and_the_audit_log_says_what_changed(on: Screen, owner: FakeOwner) -> None:
    async with on.seen_by(Role.AGENT) as browser:
        answer = await press(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/tickets/1")
    [asked] = owner.asked
    assert (asked["method"], asked["path"], asked["body"]) == ("POST", "/v1/tickets/t%2F1%20%3F/reply", {"body": "We are on it."})
    assert (asked["headers"]["forewarn-acting-for"], asked["key"]) == ("ada", FORM)
    assert asked["headers"]["authorization"] == "Bearer the console's own token"
    [line] = await audited(on)
    assert line == {
        "person": "ada",
        "role": "agent",
        "act": "ticket.reply",
        "subject": "ticket:t-1",
        "before": {"status": "open", "assignee": None, "incident_id": None},
        "after": {"status": "waiting", "assignee": None, "incident_id": None},
        "outcome": "done",
    }


async def test_a_double_click_is_one_act_and_one_line(on: Screen, owner: FakeOwner) -> None:
    owner.goes_on.clear()
    async with on.seen_by(Role.AGENT) as browser:
        presses = [asyncio.create_task(press(browser)) for _ in range(5)]
        await asyncio.sleep(0)
        owner.goes_on.set()
        answers = await asyncio.gather(*presses)
        answers.append(await press(browser))
    assert {answer.status_code for answer in answers} == {303}
    assert len(owner.asked) == 1
    assert len(await audited(on)) == 1


async def test_two_replicas_do_one_form_once(on: Screen, owner: FakeOwner, fresh_database: Settings) -> None:
    async with screen(fresh_database) as other:
        other.app.include_router(router)
        owner.asked_by(other, Owner.TICKETING)
        async with on.seen_by(Role.AGENT) as one, other.seen_by(Role.AGENT) as two:
            answers = await asyncio.gather(press(one), press(two), press(one), press(two))
    assert {answer.status_code for answer in answers} == {303}
    assert (len(owner.asked), len(await audited(on))) == (1, 1)


async def test_when_the_answer_is_lost_the_same_form_is_sent_again_and_done_once(on: Screen, owner: FakeOwner) -> None:
    owner.loses_answers = 1
    async with on.seen_by(Role.AGENT) as browser:
        lost = await press(browser)
        again = await press(browser, lost.json()["form_id"])
    assert lost.status_code == 503
    assert "not known" in lost.json()["words"]
    assert lost.json()["form_id"] == FORM
    assert again.status_code == 303
    assert len(owner.asked) == 1
    assert [line["outcome"].partition(":")[0] for line in await audited(on)] == ["not known", "done"]


async def test_an_owner_that_is_away_is_said_so(on: Screen) -> None:
    on.app.state.owners = Owners(on.settings.model_copy(update={"ticketing_url": "http://127.0.0.1:9"}))
    async with on.seen_by(Role.AGENT) as browser:
        answer = await press(browser)
    assert answer.status_code == 503
    assert answer.json()["words"].startswith("ticketing cannot be reached, so nothing was done")


async def test_what_is_refused_is_said_in_the_owners_words_and_frees_the_form(on: Screen, owner: FakeOwner) -> None:
    owner.problem = Problem(409, "somebody answered since", newer={"id": "m-2", "body": "Hello"})
    async with on.seen_by(Role.AGENT) as browser:
        refused = await press(browser)
        owner.problem = None
        assert (await press(browser)).status_code == 303
    assert refused.status_code == 409
    assert refused.json() == {
        "words": "ticketing refuses: somebody answered since.",
        "form_id": "",
        "extra": {"newer": {"id": "m-2", "body": "Hello"}},
    }
    assert [line["outcome"] for line in await audited(on)] == ["refused: ticketing refuses: somebody answered since.", "done"]


@pytest.mark.parametrize(
    ("problem", "status", "words"),
    [
        (Problem(422, "no", errors=[{"at": "body.body", "why": "too long"}]), 422, "ticketing refuses: body: too long."),
        (Problem(401, "a valid bearer token is needed"), 503, "ticketing does not accept the console's token, so nothing was done"),
        (Problem(404, "there is no such ticket"), 409, "ticketing refuses: there is no such ticket."),
        (Problem(500, "oops"), 503, "ticketing did not answer, so it is not known whether this was done"),
        (Problem(422, "this Idempotency-Key came with another request before"), 409, "What you sent first has arrived"),
    ],
)
async def test_each_refusal_has_words(on: Screen, owner: FakeOwner, problem: Problem, status: int, words: str) -> None:
    owner.problem = problem
    async with on.seen_by(Role.AGENT) as browser:
        answer = await press(browser)
    assert answer.status_code == status
    assert answer.json()["words"].startswith(words)


async def test_a_form_that_was_done_does_nothing_else(on: Screen, owner: FakeOwner) -> None:
    async with on.seen_by(Role.AGENT) as browser, on.seen_by(Role.AGENT, "bob") as other:
        await press(browser)
        changed, foreign = await press(browser, body="Other words."), await press(other)
    assert (changed.status_code, foreign.status_code) == (409, 409)
    assert len(owner.asked) == 1


async def test_a_role_that_may_not_is_refused_before_the_owner_is_asked(on: Screen, owner: FakeOwner) -> None:
    async with on.seen_by(Role.VIEWER) as browser:
        answer = await press(browser)
    assert (answer.status_code, owner.asked) == (403, [])


@pytest.mark.parametrize("form_id", ["", "short", "x" * 200, "with spaces in it"])
async def test_a_form_without_an_id_is_refused(on: Screen, owner: FakeOwner, form_id: str) -> None:
    async with on.seen_by(Role.AGENT) as browser:
        answer = await press(browser, form_id)
    assert (answer.status_code, owner.asked) == (422, [])


async def test_a_press_that_a_killed_process_left_is_taken_up_after_its_lease(on: Screen, owner: FakeOwner) -> None:
    await on.run(LEFT.format("clock()"), FORM)
    async with on.seen_by(Role.AGENT) as browser:
        answer = await press(browser)
    assert (answer.status_code, len(owner.asked)) == (303, 1)
    assert [line["outcome"] for line in await audited(on)] == ["done"]


async def swept(on: Screen) -> list[dict[str, Any]]:
    """Returns the audit log after the sweep was due twice."""
    await timers.begin(on.database)
    for _ in range(2):
        await on.run("UPDATE due SET ready_at = clock()")
        await Timers(on.database, {timers.SWEEP: Work(partial(timers.sweep_acts, on.database))}).do_due(timers.SWEEP)
    return await audited(on)


async def test_an_act_whose_process_was_killed_has_its_line_after_its_lease(on: Screen, owner: FakeOwner) -> None:
    await on.run(LEFT.format("clock() + interval '1 minute'"), FORM)
    assert await swept(on) == []
    await on.run("UPDATE acts SET leased_until = clock()")
    [line] = await swept(on)
    assert (line["person"], line["role"], line["act"], line["subject"]) == ("ada", "agent", "ticket.reply", "ticket:t-1")
    assert (line["before"], line["outcome"]) == ({"status": "open"}, "not known: the console ended before the answer came")
    assert {row["key"] for row in await on.rows("SELECT key FROM changes")} == {"audit", "ticket:t-1"}
    async with on.seen_by(Role.AGENT) as browser:
        assert (await press(browser)).status_code == 303
    assert [line["outcome"].partition(":")[0] for line in await swept(on)] == ["not known", "done"]


async def test_an_act_that_said_how_it_ended_gets_no_other_line(on: Screen, owner: FakeOwner) -> None:
    async with on.seen_by(Role.AGENT) as browser:
        await press(browser)
        owner.loses_answers = 1
        await press(browser, "another-form")
        owner.problem = Problem(409, "no")
        await press(browser, "a-third-form")
    assert [line["outcome"].partition(":")[0] for line in await swept(on)] == ["done", "not known", "refused"]


async def test_erasing_a_customer_leaves_a_digest_on_forms_about_them(on: Screen) -> None:
    await on.run(LEFT.replace("ticket:t-1", "customer:c-1").format("clock()"), FORM)
    async with on.database.transaction() as tx:
        assert (await erase(tx, PERSONAL, "c-1", datetime.now(UTC)))["forms of ours about them"] == 1
    [line] = await swept(on)
    assert line["subject"].startswith("customer:sha256:")
    assert line["before"] is None
