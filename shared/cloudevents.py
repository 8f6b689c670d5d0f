"""Reads and writes messages as bytes: CloudEvents 1.0 on Kafka, read in both modes, written as structured JSON.

Knows no topic and no broker.

Whatever the bytes, reading gives an event, a fact, None (a type we do not know) or `Undecodable` with a
reason from a closed list; never another exception. Reading checks everything, and does not read the clock.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace
from pydantic import ValidationError

from shared import metrics
from shared.events import HOP_LIMIT, Fact, ProductEvent, field_names
from shared.events.lines import leave_surplus
from shared.events.moments import ABSURD, AHEAD, EARLIEST, reading_at
from shared.streaming.tolerance import UNKNOWN_WORD, mended

MAX_BYTES = 1 << 20
DEEPEST = 100  # levels of objects and lists, in what is converted or written again; an event that is only read may have some 900

Headers = Sequence[tuple[str, bytes]]  # as in aiokafka's ConsumerRecord

FACT_HEADERS: tuple[tuple[str, bytes], ...] = (("content-type", b"application/cloudevents+json"),)


class Reason(StrEnum):
    """Says why a message became a dead letter: the closed list, also a metric's label."""

    EMPTY = "empty"  # no value at all, and no event in the headers either
    TOO_LARGE = "too_large"  # more than 1 MiB
    NOT_JSON = "not_json"  # not UTF-8, not JSON, or nested too deep
    NOT_CLOUDEVENT = "not_cloudevent"  # JSON without what every CloudEvent 1.0 has
    BAD_HEADER = "bad_header"  # binary mode: an attribute that is not UTF-8, or is there twice
    WRONG_TYPE = "wrong_type"  # an attribute or a field of the data is not what its schema says
    CONTROL_CHARACTER = "control_character"  # in what identifies the message; U+0000 anywhere (Postgres cannot store it)
    ABSURD_TIME = "absurd_time"  # before 2000, or more than a day ahead; of a promise, more than ten years
    LOOP = "loop"  # more than 8 facts led here
    TOO_MANY_COMPONENTS = "too_many_components"  # it names a component more than its rules may know: often an id where a name should be
    UNMAPPED = "unmapped"  # of a company's own topic: the mapping of its source cannot make an event of it
    HANDLER_FAILED = "handler_failed"  # it could be read, but what it says can never be done
    UNREADABLE = "unreadable"  # Kafka's own framing: a header name that is not UTF-8, a wrong checksum, a batch that does not decompress


class Undecodable(Exception):
    """No retry will make this message readable. `detail` names fields, never what they hold."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Arrival(Protocol):
    """Says where and when a message came in; an aiokafka ConsumerRecord is one."""

    @property
    def topic(self) -> str: ...
    @property
    def timestamp(self) -> int | None:
        """Returns milliseconds since the epoch; None or below 0 when the broker kept none."""


def read_event(value: bytes | None, headers: Headers, now: datetime, arrival: Arrival | None = None) -> ProductEvent:
    """Returns the event in a message of either mode; attributes we do not know are its `extensions`. Raises `Undecodable`.

    An event without a time gets that of its arrival, and is counted; without an arrival it is refused. Costs 0.2 µs over
    decoding alone, as long as there is nothing but what we know; 2 µs with extensions or without a time, 3 in binary mode.
    """
    if headers and is_binary(headers):
        event = _event(_from_headers(value or b"", headers), now, arrival)
        _refuse_control_characters(event)
    elif not value:
        raise Undecodable(Reason.EMPTY, "no value")
    else:
        if len(value) > MAX_BYTES:
            raise Undecodable(Reason.TOO_LARGE, f"{len(value)} bytes")
        try:
            event = _decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            event = _event(_from_json(value), now, arrival)
        if not is_plain(value):
            refuse_control_characters(event, value)
    if event.time < EARLIEST or (event.time > now and event.time > now + AHEAD):  # the sum costs more than both comparisons
        raise Undecodable(Reason.ABSURD_TIME, "time: before 2000 or more than a day ahead")
    return event


def is_plain(value: bytes) -> bool:
    """Returns True when the bytes of a JSON text rule out that a control character is in it."""
    return not (_BACKSLASH in value or _DELETE in value or _LATIN in value)


def refuse_control_characters(event: ProductEvent, value: bytes) -> None:
    """Raises `Undecodable` when the event, decoded from this JSON text, holds a control character where it must not."""
    _refuse_nul(value)
    _refuse_control_characters(event)


def read_fact(
    value: bytes | None, headers: Headers, now: datetime, known: Mapping[str, type[Fact]], arrival: Arrival | None = None
) -> Fact | None:
    """Returns the fact in a message of either mode, or None when its type is not among the `known`. Raises `Undecodable`.

    What a later version may say is tolerated (see `shared/streaming/tolerance.py`): a fact with a word we do not know is None too.
    """
    event = read_event(value, headers, now, arrival)
    fact = known.get(event.type)
    if fact is None:
        return None
    _refuse_deep(event.data)
    attributes = {**_attributes(event), "hops": _hops(event.extensions)}
    attributes.pop("datacontenttype", None)  # it is no longer needed; "application/json; charset=utf-8" is JSON too
    if isinstance(event.data, bytes):
        raise Undecodable(Reason.WRONG_TYPE, "data: neither JSON nor text")
    leave_surplus(event.data, fact)
    try:
        return _fact(fact, attributes, now)
    except ValidationError as error:
        mend = mended(attributes, error)
    if mend is None:
        return None
    if mend.left_out and arrival is not None:
        metrics.UNKNOWN_ITEMS.labels(arrival.topic).inc(mend.left_out)
    try:
        return _fact(fact, mend.attributes, now)
    except ValidationError as error:
        raise _misfit(error) from None


def _fact(fact: type[Fact], attributes: dict[str, Any], now: datetime) -> Fact:
    """Validates strictly, so that "12" is no number and 1764000000 no time; strict JSON still knows tuples and dates.

    Raises ValidationError.
    """
    return fact.model_validate_json(msgspec.json.encode(attributes), strict=True, context=reading_at(now))


def _misfit(error: ValidationError) -> Undecodable:
    """Returns what is wrong first, but for words that a later version may know."""
    errors = error.errors(include_url=False, include_input=False, include_context=False)
    first = next((each for each in errors if each["type"] not in UNKNOWN_WORD), errors[0])
    where = _path(tuple(step if isinstance(step, int) or step in field_names() else "*" for step in first["loc"]))
    if first["type"] == ABSURD:
        return Undecodable(Reason.ABSURD_TIME, f"{where}: {first['msg']}")
    return Undecodable(Reason.WRONG_TYPE, f"{where}: {first['type']}")


def write_fact(fact: Fact) -> bytes:
    """Writes structured JSON, which goes with `FACT_HEADERS`. An attribute that is not set is left out, as the JSON format has it."""
    return fact.model_dump_json(exclude={"causationid"} if fact.causationid is None else None).encode()


def write_event(event: ProductEvent) -> bytes:
    """Writes structured JSON of somebody's event, extensions included, to forward or replay it. Raises `Undecodable` when too deep."""
    _refuse_deep(event.data)
    attributes = _attributes(event)
    if isinstance(event.data, bytes):
        attributes["data_base64"] = b64encode(attributes.pop("data")).decode()
    return msgspec.json.encode(attributes)


_ATTRIBUTES = frozenset(ProductEvent.__struct_fields__) - {"extensions"}
_IDENTIFYING = ("id", "source", "type", "subject")
_DATA = frozenset({"data", "data_base64"})

_decode = msgspec.json.Decoder(ProductEvent).decode  # refuses attributes it does not know: messages with such take the slower path
_decode_any = msgspec.json.Decoder().decode
_control_character = re.compile("[\x00-\x1f\x7f-\x9f]").search  # Unicode category Cc
_escaped_nul = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000").search  # an odd number of backslashes, or it is text about U+0000
# This matches every escape of a JSON text from left to right, so that the backslash of one is never taken for the start of another.
_escape = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)
_REPLACEMENT = b"\\ufffd"
_json_type = re.compile(r"[a-z]+/(?:[^;]+\+)?json\s*(?:;|$)", re.IGNORECASE).match
_BACKSLASH, _DELETE, _LATIN = 0x5C, 0x7F, 0xC2  # in valid JSON no control character comes without one of these bytes


_HOLDERS = frozenset({dict, list})


def is_deep(held: Any) -> bool:
    """Returns True when there are more than `DEEPEST` objects and lists within each other.

    It goes level by level, so no depth is too much.
    """
    level = [held] if type(held) in _HOLDERS else []
    for _ in range(DEEPEST):
        if not level:
            return False
        within = [inner for outer in level for inner in (outer.values() if type(outer) is dict else outer)]
        level = [inner for inner in within if type(inner) in _HOLDERS]
    return bool(level)


def is_binary(headers: Headers) -> bool:
    """Returns True when the attributes are in the headers.

    Structured messages may repeat them there, and console producers send no content type.
    """
    held = dict(headers)
    return "ce_specversion" in held and not (held.get("content-type") or b"").lower().startswith(b"application/cloudevents")


def _from_json(value: bytes) -> dict[str, Any]:
    """Returns the attributes of structured mode, with those we do not know. Raises `Undecodable` with what is wrong with them."""
    attributes = _any(value)
    if not isinstance(attributes, dict):
        raise Undecodable(Reason.NOT_CLOUDEVENT, "not an object")
    encoded = attributes.pop("data_base64", None)
    if encoded is not None:
        attributes["data"] = _from_base64(encoded, attributes)
    if None in attributes.values():  # in JSON, null is an attribute that is not set
        attributes = {name: held for name, held in attributes.items() if held is not None}
    return attributes


def _from_base64(encoded: Any, attributes: dict[str, Any]) -> Any:
    if attributes.get("data") is not None:
        raise Undecodable(Reason.NOT_CLOUDEVENT, "both data and data_base64")
    try:
        return _content(b64decode(encoded, validate=True), attributes.get("datacontenttype"))
    except (TypeError, ValueError):
        raise Undecodable(Reason.WRONG_TYPE, "data_base64: not base64") from None


def _from_headers(value: bytes, headers: Headers) -> dict[str, Any]:
    """Returns the attributes of binary mode: they are `ce_` headers, the value is the data. Headers that are not ours may hold anything."""
    if len(value) > MAX_BYTES:
        raise Undecodable(Reason.TOO_LARGE, f"{len(value)} bytes")
    attributes: dict[str, Any] = {}
    for header, held in headers:
        if header == "content-type" and held:  # an empty one counts as none
            name = "datacontenttype"
        elif header.startswith("ce_"):
            name = header.removeprefix("ce_")
        else:
            continue
        if name in attributes or name in _DATA:
            raise Undecodable(Reason.BAD_HEADER, f"{_path((name,))}: there twice, or not an attribute")
        try:
            attributes[name] = str(held, "utf-8")
        except (UnicodeDecodeError, TypeError):
            raise Undecodable(Reason.BAD_HEADER, f"{_path((name,))}: not UTF-8") from None
        if "\0" in attributes[name]:
            raise Undecodable(Reason.CONTROL_CHARACTER, _path((name,)))
    if value:
        attributes["data"] = _content(value, attributes.get("datacontenttype"))
    return attributes


def _content(raw: bytes, content_type: Any) -> Any:
    """Decodes data in bytes: JSON unless its content type says otherwise, text as text, anything else as it came."""
    if not isinstance(content_type, str) or _json_type(content_type):
        data = _any(raw)
        _refuse_nul(raw)
        return data
    if not content_type.lower().startswith("text/"):
        return raw
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Undecodable(Reason.WRONG_TYPE, "data: text that is not UTF-8") from None
    if "\0" in text:
        raise Undecodable(Reason.CONTROL_CHARACTER, "data: U+0000")
    return text


def _attributes(event: ProductEvent) -> dict[str, Any]:
    """Returns the event as one object, as structured mode has it."""
    known = {name: held for name in ProductEvent.__struct_fields__ if (held := getattr(event, name)) is not None}
    return {**known.pop("extensions"), **known}


def _event(attributes: dict[str, Any], now: datetime, arrival: Arrival | None) -> ProductEvent:
    extensions = {name: attributes.pop(name) for name in attributes.keys() - _ATTRIBUTES}
    if "hops" in extensions:
        _hops(extensions)
    _refuse_deep(attributes.get("data"), *extensions.values())
    undated = arrival if "time" not in attributes else None
    if undated is not None:
        attributes["time"] = _arrived_at(undated, now)
    try:
        event = replace(msgspec.convert(attributes, ProductEvent), extensions=extensions)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from None
    if undated is not None:
        metrics.UNTIMED.labels(undated.topic).inc()
    return event


def _arrived_at(arrival: Arrival, now: datetime) -> datetime:
    """Returns the record's own timestamp, or now when the broker kept none."""
    if arrival.timestamp is None or arrival.timestamp < 0:
        return now
    try:
        return datetime.fromtimestamp(arrival.timestamp / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise Undecodable(Reason.ABSURD_TIME, "the record's timestamp") from None


def _refusal(said: str) -> Undecodable:
    """Translates msgspec's message into ours: it names the attribute, and the value only for specversion."""
    if "missing required field" in said:
        return Undecodable(Reason.NOT_CLOUDEVENT, said)
    if "$.specversion" in said:
        return Undecodable(Reason.NOT_CLOUDEVENT, "specversion: not 1.0")
    return Undecodable(Reason.WRONG_TYPE, said)


def _any(raw: bytes) -> Any:
    try:
        return _decode_any(raw)
    except RecursionError:
        raise Undecodable(Reason.NOT_JSON, "nested too deep") from None
    except msgspec.ValidationError:
        raise Undecodable(Reason.WRONG_TYPE, "a number out of range") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        if (whole := _escape.sub(_without_lone_surrogate, raw)) != raw:
            return _any(whole)
        raise Undecodable(Reason.NOT_JSON, "malformed") from None


def _without_lone_surrogate(escape: re.Match[bytes]) -> bytes:
    """Returns U+FFFD for half of a surrogate pair, which is no character, as where text is decoded (RFC 8259, section 8.2)."""
    return _REPLACEMENT if escape["lone"] else escape[0]


def _refuse_deep(*held: Any) -> None:
    if any(map(is_deep, held)):
        raise Undecodable(Reason.NOT_JSON, "nested too deep")


def _refuse_nul(raw: bytes) -> None:
    if b"\\u0000" in raw and _escaped_nul(raw):
        raise Undecodable(Reason.CONTROL_CHARACTER, "U+0000")


def _refuse_control_characters(event: ProductEvent) -> None:
    for name in _IDENTIFYING:
        held = getattr(event, name) or ""
        if not held.isprintable() and _control_character(held):
            raise Undecodable(Reason.CONTROL_CHARACTER, name)


def _hops(extensions: Mapping[str, Any]) -> int:
    """Returns how many facts led here; binary mode says it in digits."""
    said = extensions.get("hops", 0)
    hops = int(said) if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 10 else said
    if not isinstance(hops, int) or isinstance(hops, bool) or hops < 0:
        raise Undecodable(Reason.WRONG_TYPE, "hops: not a count")
    if hops > HOP_LIMIT:
        raise Undecodable(Reason.LOOP, f"{hops} hops")
    return hops


def _path(location: tuple[int | str, ...]) -> str:
    """Returns where in the message an error is; a key that is no name could be a person's address, and is not repeated."""
    return ".".join(str(part) if isinstance(part, int) or part.isidentifier() else "*" for part in location) or "data"
