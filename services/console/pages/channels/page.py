"""Draws how it stands with each channel, and lets an operator stop one, let one go on, and take back what keeps from telling."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response

from services.console.acting.acts import ACTS, Owner
from services.console.acting.outcome import Done, Refused
from services.console.acting.owners import Owners
from services.console.acting.performing import done_at, perform
from services.console.frame.drawing import draw
from services.console.pages.channels.standing import channel, endpoint, listed, mark, reasons
from services.console.pages.channels.standing import moment as moment_of
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.answers import Cursor
from shared.api import Db

router = APIRouter(dependencies=[allow(Role.VIEWER)])

PATIENCE_S = 1.5
PERSON = "console"  # in whose name notifier is asked, since the answer is for whoever looks
MARKS, ENDPOINTS = 50, 50

Id = Annotated[str, Form(min_length=1, max_length=255, pattern="^[^\x00]+$")]
CustomerId = Annotated[str, Form(min_length=1, max_length=512, pattern="^[^\x00]+$")]
Reason = Annotated[str, Form(max_length=500)]


@router.get("/channels")
async def show(request: Request, database: Db, cursor: Cursor = None) -> Response:
    """Shows the channels, whom nobody tells and why, and what keeps from telling."""
    return await _drawn(request, database, cursor=cursor)


@router.post("/channels/pause", dependencies=[allow(Role.OPERATOR)])
async def pause(request: Request, database: Db, name: Id, reason: Reason = "") -> Response:
    """Has a channel bring only what is critical or asked for."""
    outcome = await perform(request, "channel.pause", where={"channel": name}, body={"reason": reason}, subject=f"channel:{name}")
    return await _answered(request, database, outcome)


@router.post("/channels/resume", dependencies=[allow(Role.OPERATOR)])
async def resume(request: Request, database: Db, name: Id, reason: Reason = "") -> Response:
    """Lets a channel go on that pauses."""
    outcome = await perform(request, "channel.resume", where={"channel": name}, body={"reason": reason}, subject=f"channel:{name}")
    return await _answered(request, database, outcome)


@router.post("/channels/take-back", dependencies=[allow(Role.OPERATOR)])
async def take_back(request: Request, database: Db, mark_id: Id, customer_id: CustomerId, reason: Reason = "") -> Response:
    """Takes the mark on an address back: it is tried again."""
    body = {"customer_id": customer_id, "reason": reason}
    where, subject = {"mark_id": mark_id}, f"customer:{customer_id}"
    return await _answered(request, database, await perform(request, "customer.take_mark_back", where=where, body=body, subject=subject))


@router.post("/channels/enable", dependencies=[allow(Role.OPERATOR)])
async def enable(request: Request, database: Db, endpoint_id: Id) -> Response:
    """Has an endpoint called again, once it takes a test call."""
    outcome = await perform(request, "endpoint.enable", where={"endpoint_id": endpoint_id}, body={}, subject=f"endpoint:{endpoint_id}")
    return await _answered(request, database, outcome)


async def _answered(request: Request, database: Db, outcome: Done | Refused) -> Response:
    return await _drawn(request, database, outcome) if isinstance(outcome, Refused) else done_at(request, "/channels")


async def _drawn(request: Request, database: Db, refused: Refused | None = None, cursor: str | None = None) -> Response:
    said, marks, endpoints = await _asked(request, cursor)
    async with database.connection() as tx:
        now: datetime = await tx.fetchval("SELECT clock()")
    limits = said.get("limits")
    known = limits if isinstance(limits, Mapping) else {}
    undecided = said.get("suppressed")
    return draw(
        request,
        "channels/page.html",
        live=("channels",),
        status=refused.status if refused else 200,
        answers=bool(said),
        channels=[channel(each, known, now) for each in listed(said)],
        reasons=reasons(undecided),
        waiting=undecided.get("waiting", 0) if isinstance(undecided, Mapping) else 0,
        counted_until=moment_of(said.get("counted_until")),
        marks=[mark(each) for each in listed(marks)],
        next=marks.get("next"),
        endpoints=[endpoint(each) for each in listed(endpoints)],
        refused=refused.words if refused else "",
        form=refused.form_id if refused else "",
        may_act=request.state.signed.role.may(ACTS["channel.pause"].role),
    )


async def _asked(request: Request, cursor: str | None) -> list[Mapping[str, Any]]:
    """Returns what notifier says of channels, marks and endpoints that are not called; nothing each when it does not answer."""
    owners: Owners = request.app.state.owners
    place = f"&cursor={quote(cursor, safe='')}" if cursor else ""
    paths = ("/v1/channels", f"/v1/suppressions/addresses?limit={MARKS}{place}", f"/v1/endpoints/disabled?limit={ENDPOINTS}")
    said = await asyncio.gather(*(owners.ask(Owner.NOTIFIER, "GET", path, person=PERSON, within=PATIENCE_S) for path in paths))
    return [each.answer if isinstance(each, Done) else {} for each in said]
