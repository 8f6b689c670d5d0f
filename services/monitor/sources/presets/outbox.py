"""Reads messages of Debezium's outbox event router: `payload` is what the service wrote, however it is wrapped or escaped. Pure.

Other columns that the router puts beside it (`table.fields.additional.placement`) are names too, or headers of the record.
https://debezium.io/documentation/reference/stable/transformations/outbox-event-router.html
"""

from typing import Any

import msgspec

from services.monitor.sources.paths import MISFITS
from services.monitor.sources.presets.preset import Computed, Preset

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode
_raw = msgspec.json.Decoder(msgspec.Raw).decode
_any = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def unwrap(value: bytes) -> bytes | None:
    """Returns an object that has the payload as `payload`; None for a payload of null, with which nothing is said."""
    try:
        said = _without_schema(bytes(_raw(value)).strip())
        fields = _fields(said) if said.startswith(b"{") else {}
        if "payload" not in fields:
            fields = {"payload": msgspec.Raw(said)}
        payload = _opened(bytes(fields["payload"]))
    except MISFITS:
        return value
    return None if payload == b"null" else _encode({**fields, "payload": msgspec.Raw(payload)})


def _without_schema(said: bytes) -> bytes:
    if not said.startswith(b"{"):
        return said
    fields = _fields(said)
    return bytes(fields["payload"]).strip() if fields.keys() == {"schema", "payload"} else said


def _opened(payload: bytes) -> bytes:
    """Returns the JSON that a text holds; any other text as it is."""
    if not payload.startswith(b'"'):
        return payload
    inner = _text(payload).encode()
    try:
        return bytes(_raw(inner)) if inner.lstrip()[:1] in (b"{", b"[") else payload
    except MISFITS:
        return payload


def key(record: Any) -> str | None:
    """Returns the record's key, the aggregate's id, without the quotes and schema that a JSON converter puts around it."""
    if record.key is None:
        return None
    text = str(record.key, "utf-8", "replace")
    try:
        said = _any(record.key)
    except MISFITS:
        return text
    said = said["payload"] if isinstance(said, dict) and said.keys() == {"schema", "payload"} else said
    return said if isinstance(said, str) else text if said is None or isinstance(said, dict | list) else _encode(said).decode()


PRESET = Preset(unwrap=unwrap, names={"outbox.key": Computed((), key)}, id=("{kafka.header.id}",))
