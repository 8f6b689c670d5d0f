"""Lists the customers of one incident, by when they were first touched."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from services.console.frame.drawing import draw
from services.console.frame.reasons import REASONS, in_short, why_not
from services.console.frame.standing import MANY, at_most
from services.console.live.changes import ERASED
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.answers import Cursor, Name
from shared.api import Db, Problem, cursor_of, timed_position
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(dependencies=[allow(Role.VIEWER)])

ROWS = 50
FIRST = datetime.min.replace(tzinfo=UTC), ""
LISTS = {"all": queries.affected_all, "told": queries.affected_told, "wrote": queries.affected_wrote, "untold": queries.affected_untold}

Show = Literal["all", "told", "wrote", "untold"]
Reason = Annotated[str, Query(max_length=100, pattern="^[^\x00]*$")]


@router.get("/incidents/{incident_id}/affected")
async def list_affected(
    request: Request, database: Db, incident_id: Name, show: Show = "all", reason: Reason = "", cursor: Cursor = None
) -> Response:
    """Shows a page of an incident's customers; `reason` says which of the untold. 404 when there is no such incident."""
    async with database.connection() as tx:
        incident = await incident_of(tx, incident_id)
        found = await tx.fetch(LISTS[show], incident_id, *_position(cursor), ROWS + 1, *([reason] if show == "untold" else []))
        counted = await tx.fetch(queries.affected_reasons, incident_id, ["", *REASONS], MANY + 1)
        customers = await tx.fetch(queries.affected_shown, incident_id, [row["customer_id"] for row in found[:ROWS]])
    return draw(
        request,
        "affected/page.html",
        live=(f"incident:{incident_id}",) if cursor is None else (ERASED,),
        incident=incident,
        customers=customers,
        chosen=show,
        reason=reason,
        reasons=[(row["reason"], row["customers"]) for row in counted if row["customers"] or _is_chosen(row["reason"], show, reason)],
        at_most=at_most,
        in_short=in_short,
        why_not=why_not,
        may_export=request.state.signed.role.may(Role.LEAD),
        next=position_after(found[ROWS - 1]) if len(found) > ROWS else None,
    )


def _is_chosen(one: str, show: Show, reason: Reason) -> bool:
    """Returns True for the reason that the page lists, which stays among the choices also without customers."""
    return show == "untold" and one == reason


async def incident_of(tx: Tx, incident_id: str) -> Any:
    """Returns the incident. Raises a 404 problem when there is none."""
    incident = await tx.fetchrow(queries.affected_incident, incident_id)
    if incident is None:
        raise Problem(404, "there is no such incident")
    return incident


def position_after(row: Any) -> str:
    """Returns the cursor of what follows a row."""
    return cursor_of(f"{row['first_seen_at'].isoformat()} {row['customer_id']}")


def _position(cursor: str | None) -> tuple[datetime | None, str | None]:
    return timed_position(cursor) if cursor else FIRST
