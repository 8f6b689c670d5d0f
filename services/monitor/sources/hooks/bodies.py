"""Reads the body of a webhook: unpacked within bounds, decoded from JSON, followed by paths. Pure.

Raises Undecodable for what is no body of its kind; the detail names places, and what stands there only where a list of words is closed.
"""

import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from shared.cloudevents import DEEPEST, MAX_BYTES, Reason, Undecodable, is_deep

GZIP = 31  # the largest window, in gzip's framing; see zlib.decompressobj

T = TypeVar("T")
_decode = msgspec.json.Decoder().decode


def unpacked(raw: bytes, encoding: str) -> bytes:
    """Returns the body as it was before its `Content-Encoding`: gzip, or none. One that grows beyond 1 MiB is not unpacked to its end."""
    match encoding.strip().lower():
        case "" | "identity":
            return raw
        case "gzip" | "x-gzip":
            return _unzipped(raw)
        case _:
            raise Undecodable(Reason.UNREADABLE, "Content-Encoding: neither gzip nor identity")


def _unzipped(raw: bytes) -> bytes:
    unpacking = zlib.decompressobj(GZIP)
    try:
        body = unpacking.decompress(raw, MAX_BYTES + 1)
    except zlib.error:
        raise Undecodable(Reason.UNREADABLE, "not gzip") from None
    if len(body) > MAX_BYTES:
        raise Undecodable(Reason.TOO_LARGE, f"more than {MAX_BYTES} bytes when unpacked")
    if not unpacking.eof or unpacking.unused_data:
        raise Undecodable(Reason.UNREADABLE, "gzip that is cut off, or of several parts")
    return body


def decoded(body: bytes) -> Any:
    """Returns the JSON of a body: an object or a list."""
    if not body:
        raise Undecodable(Reason.EMPTY, "no body")
    try:
        said = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Undecodable(Reason.NOT_JSON, "malformed") from None
    if not isinstance(said, dict | list):
        raise Undecodable(Reason.WRONG_TYPE, "neither an object nor a list")
    if body.count(b"{") + body.count(b"[") > DEEPEST and is_deep(said):  # the look itself costs as much as decoding does
        raise Undecodable(Reason.NOT_JSON, "nested too deep")
    return said


def shaped(said: Any, shape: type[T]) -> T:
    """Returns the JSON as the shape that its kind has."""
    try:
        return msgspec.convert(said, shape)
    except msgspec.ValidationError as error:
        raise Undecodable(Reason.WRONG_TYPE, str(error)) from None


def follow(path: str) -> Callable[[Any], Any]:
    """Makes a function that returns where a path leads, `user.id` or `items.0.sku`; None when it leads nowhere."""
    parts = path.split(".")

    def followed(said: Any) -> Any:
        for part in parts:
            if type(said) is dict:
                said = said.get(part)
            elif type(said) is list and part.isascii() and part.isdecimal() and int(part) < len(said):
                said = said[int(part)]
            else:
                return None
        return said

    return followed


def moment(said: str | float, unit: int = 1) -> datetime:
    """Returns the moment that an ISO 8601 text says, or a number since the epoch, of so many in a second."""
    try:
        if not isinstance(said, str) or (said.isascii() and said.isdigit()):
            return datetime.fromtimestamp(float(said) / unit, UTC)
        at = datetime.fromisoformat(said)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise Undecodable(Reason.WRONG_TYPE, "a moment that is neither ISO 8601 nor a number of the epoch") from None


def first_of(*texts: object) -> str | None:
    """Returns the first text of these that says anything."""
    return next((text for text in texts if isinstance(text, str) and text), None)
