"""Lists incidents: those that are open, that are over, or of one component."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request, Response

from services.console.frame.drawing import draw
from services.console.frame.standing import shown
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.answers import Cursor, Name
from shared.api import Db, cursor_of, timed_position
from shared.postgres import Queries

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(dependencies=[allow(Role.VIEWER)])

ROWS = 50
NEWEST = datetime.max.replace(tzinfo=UTC), ""
LISTS = {"all": queries.list_incidents, "open": queries.list_open_incidents, "ended": queries.list_ended_incidents}


@router.get("/incidents")
async def list_incidents(
    request: Request,
    database: Db,
    state: Literal["all", "open", "ended"] = "all",
    component: Name | None = None,
    cursor: Cursor = None,
) -> Response:
    """Shows a page of incidents, newest first. A component's are shown in whatever state they are."""
    position = timed_position(cursor) if cursor else NEWEST
    async with database.connection() as tx:
        if component is None:
            rows = await tx.fetch(LISTS[state], *position, ROWS + 1)
        else:
            rows = await tx.fetch(queries.list_incidents_of_component, *position, ROWS + 1, component)
    last = rows[ROWS - 1] if len(rows) > ROWS else None
    return draw(
        request,
        "incidents/page.html",
        live=("incidents",) if cursor is None else (),
        incidents=shown(rows[:ROWS]),
        chosen=state,
        component=component,
        next=cursor_of(f"{last['opened_at'].isoformat()} {last['id']}") if last else None,
    )
