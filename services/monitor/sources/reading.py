"""Reads a record of a company's topic, and turns it into the events its source says. Pure.

`paths.py` follows the names that lead into its value. `kafka.` begins what every record has beside its value, and `each` is the entry of
the list, where the source names one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Protocol

from services.monitor.sources.file import EACH, HEADER, KAFKA, Source
from services.monitor.sources.paths import Entries, Paths, Values
from shared.mapping.turning import Misfit, Ready, Refused, Turning
from shared.mapping.turning import Reason as Why

Row = tuple[Any, ...]  # the record, the entry's number, and what each name that leads into the value has there


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


class Reader:
    """Makes events of the records of one source."""

    def __init__(self, source: Source) -> None:
        of_record, of_entry = _sorted(source)
        self._places = {name: number for number, name in enumerate((*of_record, *of_entry), 2)}
        inner = [None if name == "each" else name.removeprefix(EACH) for name in of_entry]
        self._paths, self._entries = Paths(of_record), Entries(source.each, of_record, inner) if source.each else None
        self._turning = Turning(source.time or _timestamp, source.events, source.place, self._reads)

    def events(self, record: Record, now: datetime) -> Iterable[Ready | Refused]:
        """Returns what becomes of the record; nothing when the source leaves it out. Raises Undecodable for what is no JSON object."""
        if record.value is None:  # a compacted topic says that a key is gone: of events that is no news
            return ()
        if self._entries is not None:
            return self._each(record, self._entries.values(record.value), now)
        return self._turning.turn((record, 0, *_told(self._paths.values(record.value))), now)

    def _each(self, record: Record, entries: Iterable[Values], now: datetime) -> Iterator[Ready | Refused]:
        for number, values in enumerate(entries):
            yield from self._turning.turn((record, number, *_told(values)), now)

    def _reads(self, name: str) -> Callable[[Row], Any]:
        """Returns what reads a name of a row."""
        if name.startswith(HEADER):
            return _header(name.removeprefix(HEADER))
        if name.startswith(KAFKA):
            return _OF_KAFKA[name.removeprefix(KAFKA)]
        return itemgetter(self._places[name])


def _sorted(source: Source) -> tuple[list[str], list[str]]:
    """Returns the names that lead into the record's value, and those that lead into an entry of its list."""
    names = [name for name in source.names() if not name.startswith(KAFKA)]
    of_entry = [name for name in names if source.each and (name == "each" or name.startswith(EACH))]
    return [name for name in names if name not in of_entry], of_entry


def _told(values: Values) -> Values:
    """Returns the values with None for an empty text, which says nothing."""
    return tuple([None if each == "" else each for each in values]) if "" in values else values


def _timestamp(row: Row) -> datetime:
    milliseconds = row[0].timestamp
    try:
        if milliseconds is not None and milliseconds >= 0:
            return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        pass  # Kafka takes any number
    raise Misfit(Why.NO_TIME, "the record's timestamp", "none")


# ── names ────────────────────────────────────────────────────────────────────────────────────


def _header(name: str) -> Callable[[Row], str | None]:
    def read(row: Row) -> str | None:
        found = next((value for held, value in row[0].headers if held == name), None)
        return None if found is None else _text(found)

    return read


_OF_KAFKA: dict[str, Callable[[Row], Any]] = {
    "topic": lambda row: row[0].topic,
    "partition": lambda row: str(row[0].partition),
    "offset": lambda row: str(row[0].offset),
    "key": lambda row: None if row[0].key is None else _text(row[0].key),
    "entry": lambda row: str(row[1]),
}


def _text(held: bytes) -> str | None:
    """Returns the text, None for an empty one. Raises Misfit for bytes that are none."""
    try:
        return held.decode() or None
    except UnicodeDecodeError:
        raise Misfit(Why.NOT_TEXT, "key or header", "bytes that are not UTF-8") from None
