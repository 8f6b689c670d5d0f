"""Reads Segment's calls, and those of RudderStack, which has the same: identify, track, page, screen, group and alias. Pure.

https://segment.com/docs/connections/spec/ and https://segment.com/docs/connections/destinations/catalog/actions-webhook/
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from services.monitor.sources.hooks.bodies import moment, shaped
from services.monitor.sources.hooks.model import Signature
from services.monitor.sources.hooks.said import Happened, Said, usual
from services.monitor.sources.hooks.signatures import Headers, Secrets, Verdict, by_bearer, by_signature
from shared.cloudevents import Reason, Undecodable

CALLS = 1_000  # in one request
FIELDS, TEXT, BYTES = 50, 1000, 16 << 10  # of properties or traits: how many, characters of a text, and bytes of them all

SIGNATURE = by_signature(Signature(header="X-Signature", algorithm="sha1"))


class Call(msgspec.Struct, rename="camel"):
    """Is one call."""

    type: Literal["identify", "track", "page", "screen", "group", "alias"]
    message_id: str
    timestamp: str | None = None
    original_timestamp: str | None = None
    user_id: str | int | None = None
    anonymous_id: str | None = None
    previous_id: str | int | None = None
    group_id: str | int | None = None
    event: str | None = None
    name: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None


class Batch(msgspec.Struct):
    """Is several calls in one request."""

    batch: list[Any]


def check(secrets: Secrets, headers: Headers, raw: bytes) -> Verdict:
    """Judges `X-Signature`, or a bearer token. Of a batch Segment signs the first call alone, which is not enough: then send a token."""
    return (by_bearer if "authorization" in headers else SIGNATURE)(secrets, headers, raw)


def read(said: Any, headers: Headers, body: bytes, now: datetime) -> Said:  # noqa: ARG001  a Read
    """Returns each call as an event of the person who is named; one without a user has no customer, but the anonymous id in its data."""
    calls = shaped(said, Batch).batch if isinstance(said, dict) and "batch" in said else said if isinstance(said, list) else [said]
    if len(calls) > CALLS:
        raise Undecodable(Reason.TOO_LARGE, f"{len(calls)} calls: {CALLS} at most")
    return Said([_happened(call, each) for call, each in zip(shaped(calls, list[Call]), calls, strict=True)])


def _happened(call: Call, paths: Mapping[str, Any]) -> Happened:
    fields = {
        "event": call.event[:TEXT] if call.event else None,
        "name": call.name[:TEXT] if call.name else None,
        "user_id": _text(call.user_id),
        "anonymous_id": call.anonymous_id,
        "previous_id": _text(call.previous_id),
        "group_id": _text(call.group_id),
        "properties": _bounded(call.properties),
        "traits": _bounded(call.traits),
    }
    data = {name: value for name, value in fields.items() if value}
    return Happened(
        paths,
        call.message_id,
        f"com.segment.{call.type}",
        moment(call.timestamp or call.original_timestamp or ""),
        _text(call.user_id),
        data,
    )


def _text(said: str | int | None) -> str | None:
    return str(said) if said is not None and said != "" else None


def _bounded(fields: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns the plain fields, in their order, while there is room."""
    kept: dict[str, Any] = {}
    room = BYTES
    for name, value in _plain(fields or {}):
        room -= len(json.dumps([name, value]))
        if room < 0 or len(kept) == FIELDS:
            break
        kept[name] = value
    return kept


def _plain(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, str):
            yield name, value[:TEXT]
        elif isinstance(value, bool | int | float):
            yield name, value


KIND = usual(check, read)
