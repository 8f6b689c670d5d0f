"""Draws who did what, with filters that are links."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.console.frame.drawing import draw
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from services.console.store import audit
from shared.answers import Cursor, Name
from shared.api import Db, cursor_of, numbered_position

ROWS = 50

router = APIRouter(dependencies=[allow(Role.LEAD)])
Filter = Annotated[Name | None, Query()]


@router.get("/audit")
async def show(
    request: Request, database: Db, cursor: Cursor = None, person: Filter = None, act: Filter = None, subject: Filter = None
) -> Response:
    """Shows acts, the latest first: of one person, of one kind, about one thing."""
    async with database.transaction() as tx:
        rows = await audit.latest(tx, before=numbered_position(cursor), person=person, act=act, subject=subject, limit=ROWS)
    rest = cursor_of(str(rows[ROWS - 1]["id"])) if len(rows) > ROWS else None
    filters = {"person": person, "act": act, "subject": subject}
    return draw(request, "audit/page.html", live=("audit",), rows=rows[:ROWS], next=rest, filters=filters)
