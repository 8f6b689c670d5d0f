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
from services.monitor.sources.presets.preset import Computed
from shared.cloudevents import MAX_BYTES
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
        self._preset, self._unwrap = source.preset, source.preset.unwrap
        of_record, of_entry = _paths(source)
        self._places = {name: number for number, name in enumerate((*of_record, *of_entry), 2)}
        inner = [None if name == "each" else name.removeprefix(EACH) for name in of_entry]
        self._paths, self._entries = Paths(of_record), Entries(source.each, of_record, inner) if source.each else None
        self._turning = Turning(source.time or self._moment(), source.emits, source.place, self._reads, None)

    def events(self, record: Record, now: datetime) -> Iterable[Ready | Refused]:
        """Returns what becomes of the record; nothing when the source leaves it out. Raises Undecodable for what is no JSON object."""
        value = record.value
        if value is not None and len(value) <= MAX_BYTES:
            value = self._unwrap(value)
        if value is None:  # a compacted topic says that a key is gone: of events that is no news
            return ()
        if self._entries is not None:
            return self._each(record, self._entries.values(value), now)
        return self._turning.turn((record, 0, *_told(self._paths.values(value))), now)

    def _each(self, record: Record, entries: Iterable[Values], now: datetime) -> Iterator[Ready | Refused]:
        for number, values in enumerate(entries):
            yield from self._turning.turn((record, number, *_told(values)), now)

    def _reads(self, name: str) -> Callable[[Row], Any]:
        """Returns what reads a name of a row."""
        if name.startswith(HEADER):
            return _header(name.removeprefix(HEADER))
        if name.startswith(KAFKA):
            return _OF_KAFKA[name.removeprefix(KAFKA)]
        computed = self._preset.names.get(name)
        return itemgetter(self._places[name]) if computed is None else self._computed(computed)

    def _computed(self, computed: Computed) -> Callable[[Row], Any]:
        places = [self._places[each] for each in computed.paths]
        return lambda row: computed.of(row[0], *[row[place] for place in places])

    def _moment(self) -> Callable[[Row], datetime]:
        """Returns what says when a record happened by its format."""
        if self._preset.time is None:
            return _timestamp
        read = self._computed(self._preset.time)

        def moment(row: Row) -> datetime:
            try:
                at: datetime | None = read(row)
            except (ValueError, OverflowError, OSError):
                raise Misfit(Why.NO_TIME, "the time that the format says", "none") from None
            return _timestamp(row) if at is None else at

        return moment


def _paths(source: Source) -> tuple[list[str], list[str]]:
    """Returns the paths that lead into the record's value, and those that lead into an entry of its list."""
    names = {name for name in source.names() if not name.startswith(KAFKA)}
    computed = [source.preset.names[name] for name in names & source.preset.names.keys()]
    if source.time is None and source.preset.time is not None:
        computed.append(source.preset.time)
    paths = names - source.preset.names.keys() | {path for each in computed for path in each.paths}
    of_entry = {path for path in paths if source.each and (path == "each" or path.startswith(EACH))}
    return sorted(paths - of_entry), sorted(of_entry)


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
