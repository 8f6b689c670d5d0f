"""Reads a record of a company's topic by paths, and turns it into the events its source says. Pure.

A path's parts are separated by dots: `user.id`, or `items.0.sku` for what stands at a place of a list. `kafka.` begins what every
record has beside its value, and `each` is the entry of the list, where the source names one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from services.monitor.sources.file import EACH, HEADER, KAFKA, Source
from shared.cloudevents import DEEPEST, MAX_BYTES, Reason, Undecodable, is_deep
from shared.mapping.turning import Misfit, Ready, Refused, Turning
from shared.mapping.turning import Reason as Why

ENTRIES = 10_000  # of one record's list

_decode = msgspec.json.Decoder().decode


class Record(Protocol):
    """Is what a record of Kafka's has; an aiokafka ConsumerRecord is one."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...
    @property
    def timestamp(self) -> int | None:
        """Returns milliseconds since the epoch; None or below 0 when the broker kept none."""


@dataclass(frozen=True, slots=True)
class Row:
    """Is one thing that a record says: all of it, or one entry of its list."""

    record: Record
    said: Any
    entry: Any = None
    number: int = 0  # of the entry


class Reader:
    """Makes events of the records of one source."""

    def __init__(self, source: Source) -> None:
        self._list = _path(source.each) if source.each else None
        self._turning = Turning(source.time or _timestamp, source.events, source.place, self._reads)

    def events(self, record: Record, now: datetime) -> Iterator[Ready | Refused]:
        """Yields what becomes of the record; nothing when the source leaves it out. Raises Undecodable for what is no JSON object."""
        for row in self._rows(record):
            yield from self._turning.turn(row, now)

    def _rows(self, record: Record) -> Iterator[Row]:
        if record.value is None:  # a compacted topic says that a key is gone: of events that is no news
            return
        said = _object(record.value)
        if self._list is None:
            yield Row(record, said)
            return
        entries = self._list(said)
        if not isinstance(entries, list):
            return
        if len(entries) > ENTRIES:
            raise Undecodable(Reason.TOO_LARGE, f"{len(entries)} entries")
        for number, entry in enumerate(entries):
            yield Row(record, said, entry, number)

    def _reads(self, name: str) -> Callable[[Row], Any]:
        """Returns what reads a name of a row."""
        if name.startswith(HEADER):
            return _header(name.removeprefix(HEADER))
        if name.startswith(KAFKA):
            return _OF_KAFKA[name.removeprefix(KAFKA)]
        if self._list is not None and name == "each":
            return lambda row: row.entry
        if name.startswith(EACH):
            of_entry = _path(name.removeprefix(EACH))
            return lambda row: of_entry(row.entry)
        of_record = _path(name)
        return lambda row: of_record(row.said)


def _object(value: bytes) -> dict[str, Any]:
    if not value:
        raise Undecodable(Reason.EMPTY, "no value")
    if len(value) > MAX_BYTES:
        raise Undecodable(Reason.TOO_LARGE, f"{len(value)} bytes")
    try:
        said = _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Undecodable(Reason.NOT_JSON, "malformed") from None
    if not isinstance(said, dict):
        raise Undecodable(Reason.NOT_JSON, "not an object")
    if value.count(b"{") + value.count(b"[") > DEEPEST and is_deep(said):  # the look itself costs as much as decoding does
        raise Undecodable(Reason.NOT_JSON, "nested too deep")
    return said


def _timestamp(row: Row) -> datetime:
    milliseconds = row.record.timestamp
    try:
        if milliseconds is not None and milliseconds >= 0:
            return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        pass  # Kafka takes any number
    raise Misfit(Why.NO_TIME, "the record's timestamp", "none")


# ── names ────────────────────────────────────────────────────────────────────────────────────


def _path(name: str) -> Callable[[Any], Any]:
    """Returns what follows a path; None when it leads nowhere."""
    first, *rest = name.split(".")
    if not rest:
        return lambda said: said.get(first) if type(said) is dict else None

    def follow(said: Any) -> Any:
        for part in (first, *rest):
            if type(said) is dict:
                said = said.get(part)
            elif type(said) is list and part.isdecimal() and int(part) < len(said):
                said = said[int(part)]
            else:
                return None
        return said

    return follow


def _header(name: str) -> Callable[[Row], str | None]:
    def read(row: Row) -> str | None:
        found = next((value for held, value in row.record.headers if held == name), None)
        return None if found is None else _text(found)

    return read


_OF_KAFKA: dict[str, Callable[[Row], Any]] = {
    "topic": lambda row: row.record.topic,
    "partition": lambda row: str(row.record.partition),
    "offset": lambda row: str(row.record.offset),
    "key": lambda row: None if row.record.key is None else _text(row.record.key),
    "entry": lambda row: str(row.number),
}


def _text(held: bytes) -> str:
    """Returns the text. Raises Misfit for bytes that are none."""
    try:
        return held.decode()
    except UnicodeDecodeError:
        raise Misfit(Why.NOT_TEXT, "key or header", "bytes that are not UTF-8") from None
