"""A batch of events is read field by field: each field once, each condition once, each grouping once, however many rules ask. Pure.

What a rule costs is then a few list operations a batch, and some steps for each group that occurs in it and each bad event.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property
from itertools import compress
from operator import attrgetter, itemgetter
from sys import intern
from typing import Any, NamedTuple

from shared.conditions import MISSING, Condition, Holds, OfNumber, as_written, names_in, reader, tests_of
from shared.events import ProductEvent

NUMBERS, PLAIN = frozenset({int, float}), frozenset({bool, int, float, str})
FEW = 16  # different values of a field, at most, for which a test is run once each and not once an event


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


class Column:
    """What each event of a batch says in one field, or MISSING."""

    def __init__(self, said: Sequence[Any]) -> None:
        self.said = said

    @cached_property
    def types(self) -> Set[type]:
        """The types of the values."""
        return frozenset(map(type, self.said))

    @cached_property
    def few(self) -> Set[Any] | None:
        """The different values, if they are few and of one plain type, so that equal ones are the same: tests are run on them alone."""
        if len(self.types) != 1 or not self.types <= PLAIN or len(set(self.said[: 2 * FEW])) > FEW:
            return None
        different = frozenset(self.said)
        return different if len(different) <= FEW else None

    def passing(self, rows: Sequence[int], test: Holds) -> Sequence[int]:
        """Returns those of the rows that pass; the rows themselves when all do."""
        if self.few is not None:
            passing = {each for each in self.few if test(each)}
            if not passing or len(passing) == len(self.few):
                return rows if passing else ()
            test = passing.__contains__
        elif isinstance(test, OfNumber) and self.types <= NUMBERS:
            test = test.holds
        return list(compress(rows, map(test, self.at(rows))))

    def at(self, rows: Sequence[int]) -> Iterable[Any]:
        """Returns what is said in these rows."""
        return self.said if len(rows) == len(self.said) else map(self.said.__getitem__, rows)


class Fields:
    """The events of a batch, field by field, with the event time that each counts at. Each field is read when it is first asked for."""

    def __init__(self, events: Sequence[ProductEvent], ats: Sequence[float], horizon: float) -> None:
        self.events, self.horizon = events, horizon
        self.times = Column(ats)
        self._columns: dict[str, Column] = {}

    def column(self, path: str) -> Column:
        """Returns what each event says there."""
        column = self._columns.get(path)
        if column is None:
            column = self._columns[path] = Column(self._read(path))
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
            case ["type" | "source" as attribute]:
                return list(map(attrgetter(attribute), self.events))
        return list(map(reader(path), self.events))

    @cached_property
    def _said(self) -> Sequence[Any]:
        """The data of each event."""
        return [event.data for event in self.events]


class Selection:
    """Rows of a batch, in order, and what is worked out of them. Conditions that hold of the same events share one."""

    def __init__(self, fields: Fields, rows: Sequence[int]) -> None:
        self.rows, self._fields = rows, fields
        self._shares: dict[str, tuple[Mapping[str, Share], int]] = {}

    @cached_property
    def span(self) -> tuple[float, float]:
        """The earliest and the latest event time; there must be one."""
        times = list(self._fields.times.at(self.rows))
        return min(times), max(times)

    @cached_property
    def customers(self) -> frozenset[str]:
        """Whose events they are, as far as they say."""
        return frozenset(self._fields.column("subject").at(self.rows)) - {MISSING}

    def shares(self, path: str) -> tuple[Mapping[str, Share], int]:
        """Returns the rows by the text that they say there, and how many say a text; the others are in no share."""
        found = self._shares.get(path)
        if found is None:
            found = self._shares[path] = self._by_text(self._fields.column(path))
        return found

    def _by_text(self, column: Column) -> tuple[Mapping[str, Share], int]:
        rows = self.rows if column.types == {str} else [row for row in self.rows if type(column.said[row]) is str]
        by_text: dict[str, list[int]] = defaultdict(list)
        for row, said in zip(rows, column.at(rows), strict=True):
            by_text[said].append(row)
        ats, horizon = self._fields.times.said, self._fields.horizon
        return {said: Share(rows, ats, horizon) for said, rows in by_text.items()}, len(rows)


class Columns:
    """The events of a batch, by row, and the rows where conditions hold. Everything is worked out when it is first asked for."""

    def __init__(self, events: Sequence[ProductEvent], ats: Sequence[float], horizon: float) -> None:
        self.events, self.ats, self.horizon = events, ats, horizon
        # Selections know the fields and not the columns, which know them: a circle would outlive the batch.
        self._fields = Fields(events, ats, horizon)
        self._selections: dict[tuple[str, ...], Selection] = {(): self.only(range(len(events)))}

    def field(self, path: str) -> Sequence[Any]:
        """Returns what each event says there, or MISSING."""
        return self._fields.column(path).said

    @cached_property
    def nameless(self) -> bool:
        """Whether an event names no customer."""
        return self._fields.column("subject").types != {str}

    def only(self, rows: Sequence[int]) -> Selection:
        """Returns these rows, which are in order."""
        return Selection(self._fields, rows)

    def select(self, *predicates: Predicate) -> Selection:
        """Returns the rows where all of these hold."""
        return self._holding(_pieces(predicates))

    def rows(self, *predicates: Predicate) -> Sequence[int]:
        """Returns the same rows, in order."""
        return self.select(*predicates).rows

    def _holding(self, pieces: Sequence[Piece]) -> Selection:
        key = tuple([each.key for each in pieces])
        found = self._selections.get(key)
        if found is None:
            found = self._selections[key] = self._passing(self._holding(pieces[:-1]), pieces[-1])
        return found

    def _passing(self, of: Selection, piece: Piece) -> Selection:
        rows = of.rows
        for path, test in piece.tests:
            rows = self._fields.column(path).passing(rows, test)
        return of if len(rows) == len(of.rows) else self.only(rows)


def _pieces(predicates: Sequence[Predicate]) -> Sequence[Piece]:
    return predicates[0].pieces if len(predicates) == 1 else [piece for each in predicates for piece in each.pieces]
