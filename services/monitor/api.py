"""monitor over HTTP: product systems send events, people read incidents and whom they touch."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.monitor.events_api import events
from services.monitor.store import Q
from shared.api import Db, Problem, Role, allow, page, position_of, timed_position
from shared.events import Severity

router = APIRouter(prefix="/v1")
router.include_router(events)

Cursor = Annotated[str | None, Query(description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500)]


class IncidentView(BaseModel):
    """One incident, with the figures that opened, changed or resolved it."""

    id: str
    rule: str
    component: str
    severity: Severity
    title: str
    status: Literal["open", "resolved"]
    started_at: datetime
    opened_at: datetime
    resolved_at: datetime | None
    revision: int
    affected: int
    why: dict[str, Any]


class ImpactView(BaseModel):
    """One customer an incident touches, with the evidence."""

    customer_id: str
    certainty: Literal["confirmed", "likely"]
    first_seen_at: datetime
    last_seen_at: datetime
    count: int


class Page(BaseModel):
    items: list[Any]
    next: str | None


@router.get("/incidents", response_model=Page, dependencies=[allow(Role.AGENT)], tags=["incidents"])
async def list_incidents(
    database: Db,
    status: Literal["open", "resolved"] | None = None,
    component: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Incidents, newest first."""
    opened_at, after = timed_position(cursor)
    async with database.connection() as connection:
        rows = await connection.fetch(Q.list_incidents, status, component, opened_at, after, limit + 1)
    return page([IncidentView(**dict(row)) for row in rows], limit, lambda item: f"{item.opened_at.isoformat()} {item.id}")


@router.get("/incidents/{incident_id}", response_model=IncidentView, dependencies=[allow(Role.AGENT)], tags=["incidents"])
async def read_incident(database: Db, incident_id: str) -> IncidentView:
    """One incident. 404 when there is none."""
    async with database.connection() as connection:
        row = await connection.fetchrow(Q.incident, incident_id)
    if row is None:
        raise Problem(404, "there is no such incident")
    return IncidentView(**dict(row))


@router.get("/incidents/{incident_id}/impact", response_model=Page, dependencies=[allow(Role.AGENT)], tags=["incidents"])
async def list_impact(database: Db, incident_id: str, cursor: Cursor = None, limit: Limit = 100) -> dict[str, Any]:
    """The customers an incident touches, by id, each with the evidence. 404 when there is no such incident."""
    await read_incident(database, incident_id)
    async with database.connection() as connection:
        rows = await connection.fetch(Q.list_impact, incident_id, position_of(cursor), limit + 1)
    return page([ImpactView(**dict(row)) for row in rows], limit, lambda item: item.customer_id)
