"""monitor over HTTP: product systems send events, people read incidents and whom they touch."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from services.monitor.store import Q
from shared.api import Db, IdempotencyKey, Problem, Role, allow, once, page, position_of
from shared.cloudevents import Headers, Undecodable, read_event, write_event
from shared.events import ProductEvent, Severity, Topic
from shared.outbox import Message, put
from shared.postgres import Tx

router = APIRouter(prefix="/v1")

Cursor = Annotated[str | None, Query(description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500)]
BATCH = "application/cloudevents-batch+json"


class Accepted(BaseModel):
    """How many events are on their way; they are stored, and will be published even if the broker is away."""

    accepted: int


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


@router.post("/events", status_code=202, response_model=Accepted, dependencies=[allow(Role.PRODUCER)], tags=["events"])
async def accept_events(request: Request, database: Db, idempotency_key: IdempotencyKey = None) -> Response:
    """One CloudEvent 1.0 (structured, or binary with `ce-` headers), or a batch of them as a JSON array.

    All or nothing: 400 names each event that cannot be read, and why.
    """
    async with database.connection() as connection:
        now: datetime = await connection.fetchval("SELECT clock()")
    events = _read(await request.body(), request, now)
    messages = [Message(Topic.PRODUCT_EVENTS, _key(event).encode(), write_event(event)) for event in events]

    async def publish(tx: Tx) -> Accepted:
        await put(tx, messages)
        return Accepted(accepted=len(messages))

    return await once(request, database, idempotency_key, publish, status=202)


def _read(body: bytes, request: Request, now: datetime) -> list[ProductEvent]:
    content_type = request.headers.get("content-type", "")
    if content_type.startswith(BATCH) or body.lstrip()[:1] == b"[":
        try:
            parts = [(bytes(raw), ()) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Problem(400, f"the batch is not a JSON array: {error}", reason="not_json") from None
        return _all([(value, headers) for value, headers in parts], now)
    attributes = [(f"ce_{name[3:]}", value.encode()) for name, value in request.headers.items() if name.startswith("ce-")]
    binary: Headers = [*attributes, ("content-type", content_type.encode())] if attributes else ()
    return _all([(body, binary)], now)


def _all(parts: list[tuple[bytes, Headers]], now: datetime) -> list[ProductEvent]:
    events, errors = [], []
    for index, (value, headers) in enumerate(parts):
        try:
            events.append(read_event(value, headers, now))
        except Undecodable as error:
            errors.append({"index": index, "reason": error.reason, "detail": error.detail})
    if errors:
        raise Problem(400, f"{len(errors)} of {len(parts)} events cannot be read; none was accepted", errors=errors)
    return events


def _key(event: ProductEvent) -> str:
    """The customer, else the component, so that one customer's events stay in order."""
    component = event.data.get("component") if isinstance(event.data, dict) else None
    return event.subject or (component if isinstance(component, str) else event.source)


@router.get("/incidents", response_model=Page, dependencies=[allow(Role.AGENT)], tags=["incidents"])
async def list_incidents(
    database: Db,
    status: Literal["open", "resolved"] | None = None,
    component: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Incidents, newest first."""
    opened_at, after = _after(cursor)
    async with database.connection() as connection:
        rows = await connection.fetch(Q.list_incidents, status, component, opened_at, after, limit + 1)
    return page([IncidentView(**dict(row)) for row in rows], limit, lambda item: f"{item.opened_at.isoformat()} {item.id}")


def _after(cursor: str | None) -> tuple[datetime | None, str | None]:
    position = position_of(cursor)
    if position is None:
        return None, None
    opened_at, _, after = position.partition(" ")
    try:
        return datetime.fromisoformat(opened_at), after
    except ValueError:
        raise Problem(422, "this cursor is not one of ours") from None


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
