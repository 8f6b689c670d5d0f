"""Reads change events of Debezium: `op`, `before`, `after` and `source` are a mapping's names, with or without a schema around them. Pure.

https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-change-events-value
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from services.monitor.sources.paths import MISFITS
from services.monitor.sources.presets.preset import Computed, Preset

# What says where in a database's log a change stands, and is the same when the connector reads that log again.
POSITIONS: dict[str, tuple[str, ...]] = {
    "postgresql": ("txId", "lsn"),
    "mysql": ("server_id", "file", "pos", "row"),
    "mariadb": ("server_id", "file", "pos", "row"),
    "sqlserver": ("commit_lsn", "change_lsn", "event_serial_no"),
    "oracle": ("commit_scn", "scn", "txId", "rs_id", "ssn"),
    "db2": ("commit_lsn", "change_lsn"),
    "mongodb": ("ts_ms", "ord"),
}
_TABLE = ("connector", "name", "db", "schema", "table", "collection")
_SNAPSHOT = "r"  # the `op` of rows that were there before the connector began
_CHANGES = UUID("5f0c1f3e-1a6f-5b1e-9a53-6b0d3c9a7d11")

_encode = msgspec.json.Encoder(order="deterministic").encode


class _Envelope(msgspec.Struct, gc=False):
    """Is what the JSON converter writes with `schemas.enable`; without, `op` stands at the top."""

    payload: msgspec.Raw = msgspec.Raw()
    op: msgspec.Raw = msgspec.Raw()


_envelope = msgspec.json.Decoder(_Envelope).decode


def unwrap(value: bytes) -> bytes | None:
    """Returns the change without its schema; None for a payload of null, which is how a tombstone may be written."""
    try:
        envelope = _envelope(value)
    except MISFITS:
        return value
    payload = bytes(envelope.payload)
    if not payload or bytes(envelope.op):
        return value
    return None if payload == b"null" else payload


def identity(_record: Any, op: Any, source: Any, before: Any, after: Any) -> str | None:
    """Returns the same for the same change, however often it is read; None of a database whose position is not known.

    A change is known by its position in the database's log and by its row, since rows written at once share a position. A row of a
    snapshot is known by what it holds: a further snapshot says it anew only when it has changed.
    """
    if not isinstance(source, dict):
        return None
    position = [source.get(name) for name in POSITIONS.get(str(source.get("connector")), ())]
    if op == _SNAPSHOT:
        position = []
    elif all(each is None for each in position):
        return None
    return str(uuid5(_CHANGES, _encode([[source.get(name) for name in _TABLE], position, op, before, after]).decode()))


def happened_at(_record: Any, in_database: Any, in_connector: Any) -> datetime | None:
    """Returns when the database says that it changed, else when the connector read it. Raises ValueError for what is no time."""
    milliseconds = in_connector if in_database is None else in_database
    if milliseconds is None:
        return None
    if type(milliseconds) is not int:
        raise ValueError("not milliseconds")
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


PRESET = Preset(
    unwrap=unwrap,
    names={"debezium.id": Computed(("op", "source", "before", "after"), identity)},
    id=("{debezium.id}",),
    time=Computed(("source.ts_ms", "ts_ms"), happened_at),
)
