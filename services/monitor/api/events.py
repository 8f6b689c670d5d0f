"""Product systems send events over HTTP: the CloudEvents HTTP binding, read as the same events in Kafka records would be.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_to_bytes

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from services.monitor.fold.keying import key_of
from shared import metrics
from shared.api import Db, IdempotencyKey, Problem, Role, allow, once
from shared.cloudevents import MAX_BYTES, Headers, Reason, Undecodable, read_event, write_event
from shared.events import ProductEvent, Topic
from shared.outbox import Lane, Message, put
from shared.postgres import Tx

router = APIRouter()

BATCH = b"application/cloudevents-batch+json"
MAX_EVENTS = 1_000

# The array is a Struct of so many optional elements, since msgspec stops at the first one too many. It would make a list whole, half a
# million elements from a mebibyte of `[1,1,…]`, before it looks at its length.
_elements = [(f"event{number}", msgspec.Raw, msgspec.Raw()) for number in range(MAX_EVENTS)]
_batch = msgspec.json.Decoder(msgspec.defstruct("Batch", _elements, array_like=True, forbid_unknown_fields=True)).decode
metrics.UNTIMED.labels(Topic.PRODUCT_EVENTS)


class Accepted(BaseModel):
    """Says how many events are on their way; they are stored, and will be published even if the broker is away."""

    accepted: int


@dataclass(frozen=True, slots=True)
class Posted:
    """Says when events came in over HTTP (see `cloudevents.Arrival`)."""

    topic: str
    timestamp: int


@router.post("/events", status_code=202, response_model=Accepted, dependencies=[allow(Role.PRODUCER)], tags=["events"])
async def accept_events(request: Request, database: Db, idempotency_key: IdempotencyKey = None) -> Response:
    """Takes one CloudEvent 1.0 (structured, or binary with `ce-` headers), or a batch of them as a JSON array.

    All or nothing: 400 names the first 20 events that cannot be read, why, and how many there are; 413 above 1,000 events.
    An event without a time happened now.
    """
    async with database.connection() as connection:
        now: datetime = await connection.fetchval("SELECT clock()")
    messages = _messages(_parts(await request.body(), request.headers.raw), now)

    async def publish(tx: Tx) -> Accepted:
        await put(tx, messages, Lane.BULK)
        return Accepted(accepted=len(messages))

    return await once(request, database, idempotency_key, publish, status=202)


def _parts(body: bytes, raw: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, Headers]]:
    """Returns what is sent as one event or several: each one's value and headers, as a Kafka record would have them."""
    content_type = dict(raw).get(b"content-type", b"")
    attributes = [(f"ce_{str(name[3:], 'latin-1')}", value) for name, value in raw if name.startswith(b"ce-")]
    if attributes:
        return [(body, [*attributes, ("content-type", content_type)])]
    is_array = body.lstrip()[:1] == b"["
    if not is_array and not content_type.lower().startswith(BATCH):
        return [(body, ())]
    if not is_array:
        raise Problem(400, "the batch is not a JSON array", reason=Reason.NOT_JSON)
    try:
        return [(value, ()) for each in msgspec.structs.astuple(_batch(body)) if (value := bytes(each))]
    except msgspec.ValidationError:
        raise Problem(413, f"a batch may have {MAX_EVENTS} events: send several") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, f"the batch is not a JSON array: {error}", reason=Reason.NOT_JSON) from None


_bad_percent = re.compile(rb"%(?![0-9a-fA-F]{2})").search
_quoted = re.compile(rb'"((?:[^"\\]|\\.)*+)"').fullmatch
_quoted_pair = re.compile(rb"\\(.)")


def _decoded(headers: Headers) -> Headers:
    """Returns the attributes as they were before they became HTTP headers, section 3.1.3.2. Raises Undecodable."""
    return [(name, _header_value(name, value) if name.startswith("ce_") else value) for name, value in headers]


def _header_value(name: str, value: bytes) -> bytes:
    """Returns the value unquoted, if it is in double quotes (RFC 7230, section 3.2.6), then percent-decoded once."""
    if value.startswith(b'"'):
        quoted = _quoted(value)
        if quoted is None:
            raise Undecodable(Reason.BAD_HEADER, f"{name}: the quotes do not match")
        value = _quoted_pair.sub(rb"\1", quoted[1])
    if _bad_percent(value):
        raise Undecodable(Reason.BAD_HEADER, f"{name}: % without two hexadecimal digits")
    return unquote_to_bytes(value)


def _messages(parts: Sequence[tuple[bytes, Headers]], now: datetime) -> list[Message]:
    """Returns each event as it will be published. Raises a 400 problem that names each one that cannot be read."""
    messages, errors = [], []
    arrival = Posted(Topic.PRODUCT_EVENTS, int(now.timestamp() * 1000))
    for index, (value, headers) in enumerate(parts):
        try:
            messages.append(_message(read_event(value, _decoded(headers), now, arrival)))
        except Undecodable as error:
            errors.append({"index": index, "reason": error.reason, "detail": error.detail})
    if errors:
        raise Problem(400, f"{len(errors)} of {len(parts)} events cannot be read; none was accepted", errors=errors)
    return messages


def _message(event: ProductEvent) -> Message:
    value = write_event(event)
    if len(value) > MAX_BYTES:  # bytes grow by a third as text
        raise Undecodable(Reason.TOO_LARGE, f"{len(value)} bytes")
    return Message(Topic.PRODUCT_EVENTS, key_of(event).encode(), value)
