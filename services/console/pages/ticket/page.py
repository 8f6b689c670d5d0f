"""Draws a ticket with what is known beside it, and asks ticketing for what a person does on it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.console.acting.outcome import Done, Refused
from services.console.acting.performing import done_at, form_id_of, perform, texts_of
from services.console.frame.drawing import draw
from services.console.live.changes import customer_key
from services.console.pages.ticket.conversation import earlier_than, said_on
from services.console.pages.ticket.forms import FORMS
from services.console.pages.ticket.promise import standing
from services.console.sessions.roles import Role
from services.console.sessions.signed import Signed, allow
from services.console.store import drafts
from services.console.store.awaited import merged
from services.console.store.moments import rows
from shared.api import Db, Problem
from shared.postgres import Database, Queries

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter()

CONTACTS = ("email",)  # the channels that notifier brings a reply on
Viewer = Annotated[Signed, allow(Role.VIEWER)]
Agent = Annotated[Signed, allow(Role.AGENT)]
Before = Annotated[str | None, Query(max_length=500, description="the conversation before this place")]


@router.get("/tickets/{number}")
async def show(request: Request, database: Db, signed: Viewer, number: str, before: Before = None) -> Response:
    """Shows the ticket."""
    return await _drawn(request, await _ticket(database, number, signed), database, before=before)


@router.post("/tickets/{number}/{form}")
async def act(request: Request, database: Db, signed: Agent, number: str, form: str) -> Response:
    """Does on the ticket what a form of its page asks for; a reply may resolve it, too."""
    if form not in FORMS:
        raise Problem(404, "there is no such form on a ticket")
    ticket = await _ticket(database, number, signed)
    typed = {name: value.replace("\r\n", "\n") for name, value in (await texts_of(request)).items()}
    outcome = await _performed(request, ticket, form, typed)
    if isinstance(outcome, Done) and form == "reply":
        async with database.transaction() as tx:
            await drafts.sent(tx, signed.person, drafts.of_ticket(ticket["id"]), await form_id_of(request))
        if typed.get("then") == "resolve":
            typed["resolution"] = typed.get("resolution") or "Answered."
            outcome = await _performed(request, ticket, "resolve", typed, "-resolve")
            form = "resolve"
    if isinstance(outcome, Done):
        return done_at(request, f"/tickets/{ticket['number']}#{'latest' if form == 'reply' else 'ticket'}")
    return await _drawn(request, await _ticket(database, number, signed), database, form=form, typed=typed, refused=outcome)


async def _performed(request: Request, ticket: Mapping[str, Any], form: str, typed: Mapping[str, str], step: str = "") -> Done | Refused:
    act, body = FORMS[form](typed)
    before = {name: ticket[name] for name in ("status", "assignee", "incident_id")}
    return await perform(request, act, where={"ref": ticket["id"]}, body=body, subject=f"ticket:{ticket['id']}", before=before, step=step)


async def _ticket(database: Database, number: str, signed: Signed) -> dict[str, Any]:
    """Returns the ticket as its owner said last, or as the facts have it. Raises a 404 problem."""
    row = None
    if number.isascii() and number.isdigit() and len(number) < 17:
        async with database.connection() as tx:
            row = await tx.fetchrow(queries.ticket, int(number), signed.person)
    if row is None:
        raise Problem(404, "the console knows no such ticket; one that was made a moment ago is here in a second: load the page again")
    waiting = rows(row["awaited"])
    shown = merged(dict(row), [each["answer"] for each in waiting], "changed_at")
    behind = [each for each in waiting if datetime.fromisoformat(each["answer"]["changed_at"]) > row["changed_at"]]
    return shown | {"unheard": [each for each in behind if each["said"]], "suggested": rows(row["suggested"])}


async def _drawn(
    request: Request,
    ticket: Mapping[str, Any],
    database: Database,
    *,
    before: str | None = None,
    form: str = "",
    typed: Mapping[str, str] | None = None,
    refused: Refused | None = None,
) -> Response:
    """Draws the page; after a refusal with what was typed, in the form where it was typed."""
    async with database.connection() as tx:
        said, earlier = await said_on(tx, ticket["id"], earlier_than(before))
        [beside] = await tx.fetch(queries.beside, ticket["customer_id"], ticket["id"])
    newer = (refused.extra.get("newer") if refused else None) or {}
    return draw(
        request,
        "ticket/page.html",
        status=refused.status if refused else 200,
        live=(f"ticket:{ticket['id']}", customer_key(ticket["customer_id"]), "incidents"),
        ticket=ticket,
        messages=said,
        earlier=earlier,
        seen=newer.get("id") or ("" if before else _latest(ticket["unheard"], said)),
        promise=standing(ticket, datetime.now(UTC)),  # noqa: TID251  the edge
        address=next((each["address"] for each in ticket["contacts"] if each.get("channel") in CONTACTS), ""),
        **{name: rows(part) for name, part in beside.items()},
        place=drafts.of_ticket(ticket["id"]),
        form=form,
        typed=typed or {},
        refused=refused,
        newer=newer,
    )


def _latest(unheard: Sequence[Mapping[str, Any]], said: Sequence[Mapping[str, Any]]) -> str:
    """Returns the id of the latest message on the page: a reply whose fact has not arrived comes after all that have."""
    ids = [*(each["id"] for each in said), *(each["answer"].get("message_id") for each in unheard)]
    return next((id_ for id_ in reversed(ids) if id_), "")
