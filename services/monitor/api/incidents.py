"""monitor over HTTP: product systems send events, people read incidents and whom they touch."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from services.monitor import changing
from services.monitor.changing import End
from services.monitor.incidents.life import IncidentRow, Status
from services.monitor.store.incidents import incident, incident_of, queries
from shared.answers import Cursor, Name, Page, page_of
from shared.api import Body, Caller, Db, IdempotencyKey, Problem, Role, allow, once, position_of, timed_position
from shared.events import Severity
from shared.postgres import Tx, plan_for_values

router = APIRouter()

Limit = Annotated[int, Query(ge=1, le=500)]


class IncidentView(BaseModel):
    """One incident, with the figures that opened, changed or resolved it."""

    id: str
    rule: str
    component: str
    severity: Severity
    symptom: str
    title: str
    status: Status
    started_at: datetime  # event time of the first bad event
    opened_at: datetime
    failing_at: datetime | None  # event time: the end of the last failing window, as last said
    silent_since: datetime | None  # event time of the component's last event, while nothing is heard of it
    resolved_at: datetime | None  # when it is resolved
    ended_at: datetime | None  # resolved, withdrawn or dismissed
    behind_seconds: float  # how far behind monitor read when it last said something about it
    revision: int
    affected: int
    likely: int  # of the affected: they used the component, and nothing of theirs has failed
    by: str | None  # the person who ended it
    note: str  # that person's words
    why: dict[str, Any]
    shadow: bool  # of a rule on trial: nobody is told of it


class Ending(Body):
    """A person says how an incident ends."""

    note: Annotated[str, Field(max_length=2000, description="for operators and agents; customers do not read it")] = ""
    tell: Annotated[bool, Field(description="whether those who were told of the incident hear of its end")] = True


class ImpactView(BaseModel):
    """One customer an incident touches, with the evidence."""

    customer_id: str
    certainty: Literal["confirmed", "likely"]
    first_seen_at: datetime
    last_seen_at: datetime
    count: int


@router.get("/incidents", dependencies=[allow(Role.AGENT)], tags=["incidents"])
async def list_incidents(
    database: Db,
    status: Status | None = None,
    component: Name | None = None,
    shadow: bool | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[IncidentView]:
    """Returns incidents, newest first. `shadow`: only those of rules on trial, or none of them."""
    async with database.transaction() as tx:
        await plan_for_values(tx)
        return await page_of(
            tx,
            queries.list_incidents,
            status,
            component,
            shadow,
            *timed_position(cursor),
            limit=limit,
            view=lambda row: _view(incident_of(row)),
            position=lambda item: f"{item.opened_at.isoformat()} {item.id}",
        )


@router.get("/incidents/{incident_id}", dependencies=[allow(Role.AGENT)], tags=["incidents"])
async def read_incident(database: Db, incident_id: Name) -> IncidentView:
    """Returns one incident. 404 when there is none."""
    async with database.connection() as connection:
        return await _shown(connection, incident_id)


@router.get("/incidents/{incident_id}/impact", dependencies=[allow(Role.AGENT)], tags=["incidents"])
async def list_impact(database: Db, incident_id: Name, cursor: Cursor = None, limit: Limit = 100) -> Page[ImpactView]:
    """Returns the customers an incident touches, by id, each with the evidence. 404 when there is no such incident."""
    async with database.transaction() as tx:
        await _shown(tx, incident_id)
        return await page_of(
            tx,
            queries.list_impact,
            incident_id,
            position_of(cursor),
            limit=limit,
            view=lambda row: ImpactView(**row),
            position=lambda item: item.customer_id,
        )


async def _shown(tx: Tx, incident_id: str) -> IncidentView:
    row = await incident(tx, queries.incident, incident_id)
    if row is None:
        raise Problem(404, "there is no such incident")
    return _view(row)


# ── people end incidents ─────────────────────────────────────────────────────────────────────

MAY_FAIL: dict[int | str, dict[str, Any]] = {
    404: {"description": "there is no such incident"},
    409: {"description": "it has ended already; `current` says how"},
}


@dataclass(frozen=True)
class _Asked:
    """A person asks that an incident ends: which one, who they are, and how it ends."""

    incident_id: Name
    who: Annotated[Caller, allow(Role.AGENT)]
    ending: Ending = Ending()  # noqa: RUF009  immutable


Asked = Annotated[_Asked, Depends()]


@router.post("/incidents/{incident_id}/resolve", response_model=IncidentView, responses=MAY_FAIL, tags=["incidents"])
async def resolve_incident(request: Request, database: Db, asked: Asked, key: IdempotencyKey = None) -> Response:
    """The trouble is over, whatever the events show. Only events after this moment can open an incident again."""
    return await once(request, database, key, lambda tx: _end(tx, Status.RESOLVED, asked))


@router.post("/incidents/{incident_id}/dismiss", response_model=IncidentView, responses=MAY_FAIL, tags=["incidents"])
async def dismiss_incident(request: Request, database: Db, asked: Asked, key: IdempotencyKey = None) -> Response:
    """It was a false alarm. Only events after this moment can open an incident again."""
    return await once(request, database, key, lambda tx: _end(tx, Status.DISMISSED, asked))


async def _end(tx: Tx, status: Status, asked: _Asked) -> IncidentView:
    now: datetime = await tx.fetchval("SELECT clock()")
    by, ending = asked.who.person, asked.ending
    how = End(status, now, f"by {by}", by=by, note=ending.note, tell=ending.tell)
    if await changing.end(tx, asked.incident_id, how, now) is None:
        known = await _shown(tx, asked.incident_id)
        raise Problem(409, f"the incident is {known.status} already", current=known.status)
    return await _shown(tx, asked.incident_id)


def _view(row: IncidentRow) -> IncidentView:
    """Returns the incident as people see it."""
    resolved_at = row.ended_at if row.status == Status.RESOLVED else None
    return IncidentView(**asdict(row), resolved_at=resolved_at, by=row.ended_by)
