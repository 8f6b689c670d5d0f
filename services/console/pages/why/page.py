"""Answers why one customer was told, or was not: of an incident, or by one message."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.console.frame.drawing import draw
from services.console.frame.reasons import in_short
from services.console.live.changes import customer_key
from services.console.pages.why.chain import KINDS, Row, Story, chain, headline
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.api import Db, Problem
from shared.erasing import digest
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(dependencies=[allow(Role.VIEWER)])

Given = Annotated[str, Query(max_length=600, pattern="^[^\x00]*$")]


@router.get("/why")
async def show(request: Request, database: Db, customer: Given = "", incident: Given = "", notification: Given = "") -> Response:
    """Shows the steps for a message, or for a customer and an incident; with less than that, what there is to choose from."""
    async with database.connection() as tx:
        if notification:
            message = await tx.fetchrow(queries.why_message, notification)
            if message is None:
                raise Problem(404, "there is no such message here; the customer may have been erased, or it is too long ago")
            return await _story(request, tx, message["customer_id"], message["incident_id"] or "", dict(message))
        if customer and incident:
            return await _story(request, tx, customer, incident, None)
        return await _choice(request, tx, customer, incident)


async def _choice(request: Request, tx: Tx, customer: str, incident: str) -> Response:
    incidents = await tx.fetch(queries.why_incidents, customer) if customer else []
    messages = await tx.fetch(queries.why_messages_of_customer, customer) if customer else []
    return draw(
        request,
        "why/choice.html",
        live=(customer_key(customer),) if customer else (),
        customer=customer,
        incident=incident,
        incidents=sorted(incidents, key=lambda each: each["started_at"], reverse=True),
        messages=messages,
        kinds=KINDS,
        in_short=in_short,
    )


async def _story(request: Request, tx: Tx, customer: str, incident: str, message: Row | None) -> Response:
    (about,) = [dict(row) for row in await tx.fetch(queries.why_story, customer, incident, digest(customer))]
    if about["erased"]:
        return draw(request, "why/erased.html")
    if message is None and about["incident_id"] is None:
        raise Problem(404, "there is no such incident")
    messages = [dict(row) for row in await tx.fetch(queries.why_messages, customer, incident)] if incident else []
    story = Story(about if incident else None, message or _opening(about, messages))
    return draw(
        request,
        "why/page.html",
        live=(customer_key(customer), *((f"incident:{incident}",) if incident else ())),
        customer=customer,
        about=about,
        message=story.message,
        messages=messages,
        headline=headline(story),
        links=chain(story),
        kinds=KINDS,
        in_short=in_short,
    )


def _opening(about: Row, messages: Sequence[Row]) -> Row | None:
    """Returns the message that tells, or does not tell, that the incident was opened; None while there is none."""
    return next((each for each in messages if each["id"] == about["notification_id"] or each["kind"] == "opened"), None)
