"""monitor over HTTP: product systems send events, people read incidents and whom they touch."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import unquote_to_bytes

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.monitor import changing
from services.monitor.changing import End
from services.monitor.incident import IncidentRow
from services.monitor.store import Q, incident, incident_of
from shared.api import Db, IdempotencyKey, Problem, Role, allow, once, page, position_of
from shared.cloudevents import MAX_BYTES, Headers, Reason, Undecodable, read_event, write_event
from shared.events import ProductEvent, Severity, Topic
from shared.outbox import Lane, Message, put
from shared.postgres import Tx, plan_for_values

router = APIRouter(prefix="/v1")

Cursor = Annotated[str | None, Query(description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500)]
BATCH = b"application/cloudevents-batch+json"


class Accepted(BaseModel):
    """How many events are on their way; they are stored, and will be published even if the broker is away."""

    accepted: int


Status = Literal["open", "resolved", "withdrawn", "dismissed"]


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
    by: str | None  # the person who ended it
    note: str  # that person's words
    why: dict[str, Any]


class Ending(BaseModel):
    """A person ends an incident."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, Field(max_length=2000, description="for operators and agents; customers do not read it")] = ""
    tell: Annotated[bool, Field(description="whether those who were told of the incident hear of its end")] = True


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
        await put(tx, messages, Lane.BULK)
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
    status: Status | None = None,
    component: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Incidents, newest first."""
    opened_at, after = _after(cursor)
    async with database.transaction() as connection:
        await plan_for_values(connection)
        rows = await connection.fetch(Q.list_incidents, status, component, opened_at, after, limit + 1)
    return page([_view(incident_of(row)) for row in rows], limit, lambda item: f"{item.opened_at.isoformat()} {item.id}")


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
        row = await incident(connection, Q.incident, incident_id)
    if row is None:
        raise Problem(404, "there is no such incident")
    return _view(row)


@router.get("/incidents/{incident_id}/impact", response_model=Page, dependencies=[allow(Role.AGENT)], tags=["incidents"])
async def list_impact(database: Db, incident_id: str, cursor: Cursor = None, limit: Limit = 100) -> dict[str, Any]:
    """The customers an incident touches, by id, each with the evidence. 404 when there is no such incident."""
    await read_incident(database, incident_id)
    async with database.connection() as connection:
        rows = await connection.fetch(Q.list_impact, incident_id, position_of(cursor), limit + 1)
    return page([ImpactView(**dict(row)) for row in rows], limit, lambda item: item.customer_id)


# ── people end incidents ─────────────────────────────────────────────────────────────────────

MAY_FAIL: dict[int | str, dict[str, Any]] = {
    404: {"description": "there is no such incident"},
    409: {"description": "it has ended already; `current` says how"},
}


@router.post("/incidents/{incident_id}/resolve", response_model=IncidentView, responses=MAY_FAIL, tags=["incidents"])
async def resolve_incident(
    request: Request,
    database: Db,
    incident_id: str,
    who: Annotated[Role, allow(Role.AGENT)],
    ending: Ending = Ending(),  # noqa: B008  immutable
    key: IdempotencyKey = None,
) -> Response:
    """The trouble is over, whatever the events show. Only events after this moment can open an incident again."""
    return await once(request, database, key, lambda tx: _end(tx, incident_id, "resolved", who, ending))


@router.post("/incidents/{incident_id}/dismiss", response_model=IncidentView, responses=MAY_FAIL, tags=["incidents"])
async def dismiss_incident(
    request: Request,
    database: Db,
    incident_id: str,
    who: Annotated[Role, allow(Role.AGENT)],
    ending: Ending = Ending(),  # noqa: B008  immutable
    key: IdempotencyKey = None,
) -> Response:
    """It was a false alarm. Only events after this moment can open an incident again."""
    return await once(request, database, key, lambda tx: _end(tx, incident_id, "dismissed", who, ending))


async def _end(tx: Tx, incident_id: str, status: str, who: Role, ending: Ending) -> IncidentView:
    now: datetime = await tx.fetchval("SELECT clock()")
    how = End(status, now, f"by {who}", by=who, note=ending.note, tell=ending.tell)
    row = await changing.end(tx, incident_id, how, now)
    if row is None:
        known = await incident(tx, Q.incident, incident_id)
        if known is None:
            raise Problem(404, "there is no such incident")
        raise Problem(409, f"the incident is {known.status} already", current=known.status)
    return _view(row)


def _view(row: IncidentRow) -> IncidentView:
    """The incident as people see it."""
    resolved_at = row.ended_at if row.status == "resolved" else None
    return IncidentView(**asdict(row), resolved_at=resolved_at, by=row.ended_by)
