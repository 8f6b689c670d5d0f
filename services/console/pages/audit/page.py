"""Draws who did what, with filters that are links."""

from collections.abc import Mapping
from typing import Annotated, Any

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
    acts = [{**row, "moved": moved(row["before"] or {}, row["after"] or {}) if row["outcome"] == "done" else []} for row in rows[:ROWS]]
    return draw(request, "audit/page.html", live=("audit",), rows=acts, next=rest, filters=filters)


def moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Returns what an act changed, each with what it was and what it became, in words; nothing where it is not known."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name, None if name in before else "")]
    return [(name.removesuffix("_id"), _said(before, name), _said(after, name)) for name in names]


def _said(of: Mapping[str, Any], name: str) -> str:
    """Returns a value as people write it: `yes`, `none`, a list with commas; empty when nothing is said of it."""
    match of.get(name, ""):
        case None:
            return "none"
        case bool(value):
            return "yes" if value else "no"
        case list(values):
            return ", ".join(map(str, values)) or "none"
        case value:
            return str(value)
