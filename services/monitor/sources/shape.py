"""The shape of a record: its fields, with the kind of each value in its place, so that people may see it whoever it is about. Pure."""

import re
from typing import Any

import msgspec

DEEP, WIDE, LONGEST = 6, 30, 2000  # levels, fields of an object, characters of it all
KINDS = {str: "text", bool: "true or false", int: "number", float: "number", type(None): None}

_decode = msgspec.json.Decoder().decode
_is_name = re.compile(r"[A-Za-z_$][A-Za-z0-9_.$-]{0,63}").fullmatch


def shape(value: bytes | None) -> str:
    """Returns JSON with kinds in place of values; a key that is no name could be somebody's address, and is a star. Empty without JSON."""
    if value is None:
        return ""
    try:
        held = _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    shown = msgspec.json.encode(_kinds(held, DEEP)).decode()
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def _kinds(held: Any, levels: int) -> Any:
    match held:
        case dict() if levels:
            first = list(held.items())[:WIDE]
            return {(name if _is_name(name) else "*"): _kinds(inner, levels - 1) for name, inner in first}
        case list() if levels:
            return [_kinds(inner, levels - 1) for inner in held[:1]]
        case dict() | list():
            return "…"
    return KINDS.get(type(held), "text")
