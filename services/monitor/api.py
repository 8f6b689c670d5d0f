"""monitor over HTTP: product systems send events, people read incidents and whom they touch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import unquote_to_bytes

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from services.monitor.store import Q
from shared.api import Db, IdempotencyKey, Problem, Role, allow, once, page, position_of
from shared.cloudevents import MAX_BYTES, Headers, Reason, Undecodable, read_event, write_event
from shared.events import ProductEvent, Severity, Topic
from shared.outbox import Message, put
from shared.postgres import Tx, plan_for_values

router = APIRouter(prefix="/v1")

Cursor = Annotated[str | None, Query(description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500)]
BATCH = b"application/cloudevents-batch+json"


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
    messages = _messages(_parts(await request.body(), request.headers.raw), now)

    async def publish(tx: Tx) -> Accepted:
        await put(tx, messages)
        return Accepted(accepted=len(messages))

    return await once(request, database, idempotency_key, publish, status=202)


def _parts(body: bytes, raw: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, Headers]]:
    """What is sent as one event or several: each one's value and headers, as a Kafka record would have them."""
    content_type = dict(raw).get(b"content-type", b"")
    # https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#3132-http-header-values
    attributes = [(f"ce_{str(name[3:], 'latin-1')}", unquote_to_bytes(value)) for name, value in raw if name.startswith(b"ce-")]
    if attributes:
        return [(body, [*attributes, ("content-type", content_type)])]
    if not content_type.startswith(BATCH) and body.lstrip()[:1] != b"[":
        return [(body, ())]
    try:
        return [(bytes(each), ()) for each in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, f"the batch is not a JSON array: {error}", reason=Reason.NOT_JSON) from None


def _messages(parts: Sequence[tuple[bytes, Headers]], now: datetime) -> list[Message]:
    """Each event as it will be published. Raises a 400 problem that names each one that cannot be read."""
    messages, errors = [], []
    for index, (value, headers) in enumerate(parts):
        try:
            messages.append(_message(read_event(value, headers, now)))
        except Undecodable as error:
            errors.append({"index": index, "reason": error.reason, "detail": error.detail})
    if errors:
        raise Problem(400, f"{len(errors)} of {len(parts)} events cannot be read; none was accepted", errors=errors)
    return messages


def _message(event: ProductEvent) -> Message:
    value = write_event(event)
    if len(value) > MAX_BYTES:  # bytes grow by a third as text
        raise Undecodable(Reason.TOO_LARGE, f"{len(value)} bytes")
    return Message(Topic.PRODUCT_EVENTS, _key(event).encode(), value)


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
    async with database.transaction() as connection:
        await plan_for_values(connection)
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
