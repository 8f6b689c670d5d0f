"""A batch of events is read field by field: each field once, each condition once, each grouping once, however many rules ask. Pure.

What a rule costs is then a few list operations a batch, and some steps for each group that occurs in it and each bad event.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import compress
from operator import itemgetter
from sys import intern
from typing import Any, NamedTuple

from shared.conditions import MISSING, Condition, Holds, OfNumber, as_written, names_in, reader, tests_of
from shared.events import ProductEvent

NUMBERS = frozenset({int, float})


class Piece(NamedTuple):
    """What a condition says of one field. Two with the same key hold of the same events."""

    key: str
    tests: Sequence[tuple[str, Holds]]


class Predicate:
    """One condition of a rule, field by field."""

    __slots__ = ("pieces",)

    def __init__(self, condition: Condition) -> None:
        alone = [{path: wanted} for path, wanted in condition.items()]
        self.pieces = tuple(Piece(intern(json.dumps(as_written(each))), tests_of(each)) for each in alone)


class Share:
    """The rows of one group in a batch, and when their events were."""

    __slots__ = ("_times", "counts", "earliest", "latest", "rows", "timely")

    def __init__(self, rows: Sequence[int], ats: Sequence[float], horizon: float) -> None:
        """`ats`: of the whole batch."""
        self.rows, self._times = rows, [ats[row] for row in rows]
        self.earliest = self.latest = self._times[0]
        self.timely = True  # none of them makes another one late
        if len(rows) > 1:
            self.earliest, self.latest = min(self._times), max(self._times)
            self.timely = self.earliest >= self.latest - horizon or self._times == sorted(self._times)
        self.counts: dict[int, Sequence[tuple[int, int]]] = {}  # by width, of those that were asked for

    def count(self, width: int) -> Sequence[tuple[int, int]]:
        """Returns how many events each bucket of so many seconds gets: its start, and their number."""
        start = int(self.earliest) // width * width
        if self.latest < start + width:
            counts = [(start, len(self.rows))]
        elif width == 1:
            counts = list(Counter(map(int, self._times)).items())
        else:
            seconds = self.counts.get(1) or self.count(1)
            counts = list(_sums((second // width * width, events) for second, events in seconds).items())
        self.counts[width] = counts
        return counts

    def first(self, width: int) -> Mapping[int, float]:
        """Returns the earliest event time in each bucket of so many seconds, by its start."""
        start = int(self.earliest) // width * width
        if self.latest < start + width:
            return {start: self.earliest}
        return {int(at) // width * width: at for at in sorted(self._times, reverse=True)}


def _sums(counts: Iterable[tuple[int, int]]) -> Counter[int]:
    sums: Counter[int] = Counter()
    for key, count in counts:
        sums[key] += count
    return sums


class Columns:
    """The events of a batch, by row, with the event time that each counts at. Everything is worked out when it is first asked for."""

    def __init__(self, events: Sequence[ProductEvent], ats: Sequence[float], horizon: float) -> None:
        self.events, self.ats, self.horizon = events, ats, horizon
        self._fields: dict[str, Sequence[Any]] = {}
        self._numeric: dict[str, bool] = {}
        self._rows: dict[tuple[str, ...], Sequence[int]] = {(): range(len(events))}
        self._shares: dict[tuple[str, ...], tuple[Mapping[str, Share], int]] = {}

    def field(self, path: str) -> Sequence[Any]:
        """Returns what each event says there, or MISSING."""
        column = self._fields.get(path)
        if column is None:
            column = self._fields[path] = self._read(path)
        return column

    def _read(self, path: str) -> Sequence[Any]:
        match names_in(path):
            case ["data", name]:
                try:
                    return list(map(itemgetter(name), self._said))
                except (KeyError, TypeError):  # somebody does not say it, or has no fields at all
                    return [data.get(name, MISSING) if type(data) is dict else MISSING for data in self._said]
            case ["subject"]:
                return [MISSING if (subject := event.subject) is None else subject for event in self.events]
        return list(map(reader(path), self.events))

    @cached_property
    def _said(self) -> Sequence[Any]:
        """The data of each event."""
        return [event.data for event in self.events]

    @cached_property
    def span(self) -> tuple[float, float]:
        """The earliest and the latest event time; there must be one."""
        return min(self.ats), max(self.ats)

    @cached_property
    def customers(self) -> frozenset[str]:
        """Whose events they are, as far as they say."""
        return frozenset(self.field("subject")) - {MISSING}

    @cached_property
    def nameless(self) -> bool:
        """Whether an event names no customer."""
        return MISSING in self.field("subject")

    def rows(self, *predicates: Predicate) -> Sequence[int]:
        """Returns the rows where all of these hold, in order."""
        return self._holding(_pieces(predicates))

    def _holding(self, pieces: Sequence[Piece]) -> Sequence[int]:
        key = tuple([each.key for each in pieces])
        rows = self._rows.get(key)
        if rows is None:
            rows = self._rows[key] = self._passing(self._holding(pieces[:-1]), pieces[-1])
        return rows

    def _passing(self, rows: Sequence[int], piece: Piece) -> Sequence[int]:
        for path, test in piece.tests:
            column = self.field(path)
            values = column if len(rows) == len(column) else map(column.__getitem__, rows)
            fast = test.holds if isinstance(test, OfNumber) and self._has_only_numbers(path) else test
            rows = list(compress(rows, map(fast, values)))
        return rows

    def _has_only_numbers(self, path: str) -> bool:
        found = self._numeric.get(path)
        if found is None:
            found = self._numeric[path] = NUMBERS.issuperset(map(type, self.field(path)))
        return found

    def shares(self, path: str, *predicates: Predicate) -> tuple[Mapping[str, Share], int]:
        """Returns the rows where these hold by the text that they say there, and how many say a text; the others are in no share."""
        key = path, *[each.key for each in _pieces(predicates)]
        found = self._shares.get(key)
        if found is None:
            found = self._shares[key] = self._by_text(self.rows(*predicates), self.field(path))
        return found

    def _by_text(self, rows: Sequence[int], column: Sequence[Any]) -> tuple[Mapping[str, Share], int]:
        if set(map(type, column)) != {str}:
            rows = [row for row in rows if type(column[row]) is str]
        by_text: dict[str, list[int]] = defaultdict(list)
        for row, said in zip(rows, column if len(rows) == len(column) else map(column.__getitem__, rows), strict=True):
            by_text[said].append(row)
        return {said: Share(rows, self.ats, self.horizon) for said, rows in by_text.items()}, len(rows)


def _pieces(predicates: Sequence[Predicate]) -> Sequence[Piece]:
    return predicates[0].pieces if len(predicates) == 1 else [piece for each in predicates for piece in each.pieces]
