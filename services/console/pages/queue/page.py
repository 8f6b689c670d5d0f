"""Draws what waits for a person: counts and groups on top, then the tickets, by clock or by age, filtered by links."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from services.console.frame.drawing import draw
from services.console.pages.ticket.promise import standing
from services.console.sessions.roles import Role
from services.console.sessions.signed import Signed, allow
from services.console.store.moments import rows
from shared.answers import Cursor
from shared.api import Db, cursor_of, not_ours, position_of
from shared.postgres import Queries

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter()

ROWS = 50
FOR_A_PERSON = ("open", "in_progress")
START = datetime(1, 1, 1, tzinfo=UTC)

State = Literal["open", "in_progress", "waiting"]
Whose = Annotated[str | None, Query(max_length=254, description="`me`, `nobody`, or a name")]
About = Annotated[str | None, Query(max_length=255, description="an incident's id, or `none`")]


@router.get("/queue")
async def show(
    request: Request,
    database: Db,
    signed: Annotated[Signed, allow(Role.VIEWER)],
    status: State | None = None,
    whose: Whose = None,
    incident: About = None,
    order: Literal["clock", "oldest"] = "clock",
    cursor: Cursor = None,
) -> Response:
    """Shows a page of the queue; all filters are links."""
    by_clock = order == "clock"
    held_by = {"me": signed.person, "nobody": ""}.get(whose, whose) if whose else None
    about = {"none": ""}.get(incident, incident) if incident else None
    states = [status] if status else list(FOR_A_PERSON)
    async with database.transaction() as tx:
        [counts] = await tx.fetch(queries.counts, signed.person)
        found = await tx.fetch(queries.waiting, by_clock, states, held_by, about, *_place(cursor, by_clock), ROWS + 1)
    shown, now = found[:ROWS], datetime.now(UTC)  # noqa: TID251  the edge
    last = shown[-1] if len(found) > ROWS else None
    return draw(
        request,
        "queue/page.html",
        live=("tickets",),
        counts=counts,
        groups=rows(counts["incidents"]),
        tickets=[row | {"promise": standing(row, now)} for row in map(dict, shown)],
        next=cursor_of(f"{last['part']} {last['place_at'].isoformat()} {last['number']}") if last else None,
        chosen={"status": status, "whose": whose, "incident": incident, "order": order},
    )


def _place(cursor: str | None, by_clock: bool) -> tuple[int, datetime, int]:
    """Returns where a page begins: the part, the moment and the number of the ticket before. Raises a 422 problem for others' cursors."""
    if cursor is None:
        return (1 if by_clock else 2), START, 0
    part, _, rest = (position_of(cursor) or "").partition(" ")
    moment, _, number = rest.rpartition(" ")
    if part not in {"1", "2"} or not (number.isascii() and number.isdigit() and len(number) < 17):
        raise not_ours()
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        raise not_ours() from None
    if at.tzinfo is None:
        raise not_ours()
    return int(part), at, int(number)
