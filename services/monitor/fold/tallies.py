"""Tallies: each customer's failure streak at one component, as one rule in one partition remembers it. Pure.

They are kept in two generations. One that changes moves to the young one; when the generations turn, the old one is dropped whole.
So a tally outlives its last failure by at least the time between two turns, and forgetting costs nothing per customer.
"""

from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import islice

import msgspec


class Tally(msgspec.Struct, array_like=True, gc=False):
    """One customer's failure streak, as it is stored too: an unbroken row of bad events, no two further apart than the rule's window.

    There may be millions, so the garbage collector does not look at them.
    """

    first: float  # event time, seconds since the epoch
    last: float
    count: int  # 0: it went over to another name of the customer's
    home: int  # the bucket that counts this customer

    def follow(self, at: float, window: float) -> None:
        """Adds one more bad event. One so late that it belongs to an earlier streak changes nothing."""
        if at - self.last > window:  # the row is broken; the later one counts
            self.first, self.last, self.count = at, at, 1
        elif self.first - at <= window:
            self.first, self.last, self.count = min(self.first, at), max(self.last, at), self.count + 1

    def join(self, other: "Tally", window: float) -> None:
        """Adds another streak of the same customer's. Of two that are further apart than the window the later one counts."""
        if other.first - self.last > window:
            self.first, self.last, self.count = other.first, other.last, other.count
        elif self.first - other.last <= window:
            self.first, self.last, self.count = min(self.first, other.first), max(self.last, other.last), self.count + other.count


Rows = Mapping[str, Mapping[str, Tally]]  # component → customer → their row

PIECE = 10_000  # rows that are stored in one piece: some ten milliseconds to pack or to unpack


def pieces(rows: Rows) -> Iterator[Rows]:
    """Yields the rows in pieces; one at least."""
    piece, room = dict[str, Mapping[str, Tally]](), PIECE
    for component, customers in rows.items():
        coming = iter(customers.items())
        while taken := customers if len(customers) < room else dict(islice(coming, room)):
            piece[component] = taken
            room -= len(taken)
            if taken is customers:
                break
            if not room:
                yield piece
                piece, room = {}, PIECE
    if piece or not any(rows.values()):
        yield piece


class StoredRows(msgspec.Struct, frozen=True):
    """Rows to be stored in their generation; `whole` replaces what is stored of it, otherwise they are put beside it."""

    generation: int
    whole: bool
    rows: Rows


@dataclass(slots=True)
class Appended:
    """Decides when states that are stored by appending are written anew: when more than half of what is stored is out of date."""

    _entries: dict[int, int] = field(default_factory=dict)  # key → states stored

    def add(self, key: int, entries: int) -> None:
        self._entries[key] = self._entries.get(key, 0) + entries

    def is_worn(self, key: int, entries: int, live: float) -> bool:
        """Takes note of more entries of one key; says whether all its `live` ones should be written instead."""
        self.add(key, entries)
        if self._entries[key] <= 2 * live:
            return False
        self._entries[key] = int(live)
        return True

    def forget(self, key: int) -> None:
        self._entries.pop(key, None)


@dataclass(slots=True)
class Tallies:
    failed: dict[str, set[str]] = field(default_factory=dict)  # component → customers whose row changed since the last `take_changes`
    fresh: set[str] = field(default_factory=set)  # customers with a row that is new, or was old, since this was emptied
    hidden: dict[str, float] = field(default_factory=dict)  # erased customers → when; their rows until then are not stored or told
    generation: int = 0  # of the young ones; the old ones are one less
    _young: dict[str, dict[str, Tally]] = field(default_factory=dict)
    _old: dict[str, dict[str, Tally]] = field(default_factory=dict)
    _size: int = 0  # of the young ones
    _stored: Appended = field(default_factory=Appended)

    def of(self, component: str, customer: str) -> Tally | None:
        """Returns the row as it stands."""
        young = self._young.get(component)
        found = None if young is None else young.get(customer)
        return found if found is not None else self._old.get(component, {}).get(customer)

    def put(self, component: str, customer: str, tally: Tally) -> None:
        """Stores a row that has changed."""
        self.failed.setdefault(component, set()).add(customer)
        self._renew(component, customer, tally)

    def fail_again(self, component: str, customers: Collection[str]) -> Mapping[str, Tally]:
        """Takes note that the rows of these customers change; returns the young ones of the component, where whoever comes anew is put."""
        if not customers:
            return {}
        self.failed.setdefault(component, set()).update(customers)
        return self._young.setdefault(component, {})

    def _renew(self, component: str, customer: str, tally: Tally) -> None:
        rows = self._young.setdefault(component, {})
        if customer not in rows:
            self._size += 1
            self.fresh.add(customer)
            self._old.get(component, {}).pop(customer, None)
        rows[customer] = tally

    def of_customers(self, customers: Set[str]) -> list[tuple[str, str, Tally]]:
        """Returns the rows of these customers that are told: component, customer, tally."""
        return [
            (component, customer, rows[customer])
            for generation in (self._old, self._young)
            for component, rows in generation.items()
            for customer in rows.keys() & customers
            if rows[customer].count and not self.is_hidden(customer, rows[customer])
        ]

    def customers(self, component: str) -> Iterator[str]:
        """Yields everybody with a row at this component."""
        for generation in (self._old, self._young):
            yield from generation.get(component, ())

    def is_hidden(self, customer: str, tally: Tally) -> bool:
        """Says whether the customer was erased since their last bad event."""
        return customer in self.hidden and tally.last <= self.hidden[customer]

    def erase(self, customers: Collection[str]) -> None:
        """Forgets the rows of these customers at every component."""
        for changed in self.failed.values():
            changed.difference_update(customers)
        for rows in self._old.values():
            for customer in customers:
                rows.pop(customer, None)
        for rows in self._young.values():
            self._size -= sum(rows.pop(customer, None) is not None for customer in customers)

    def take_changes(self) -> StoredRows | None:
        """Returns the rows that changed, to be stored before they change again; nothing counts as changed afterwards."""
        failed, self.failed = self.failed, {}
        if not failed:
            return None
        whole = self._stored.is_worn(self.generation, sum(map(len, failed.values())), self._size)
        changed: Mapping[str, Collection[str]] = self._young if whole else failed
        rows = {component: self._told(self._young[component], customers) for component, customers in changed.items()}
        return StoredRows(self.generation, whole, rows)

    def _told(self, young: Mapping[str, Tally], customers: Collection[str]) -> Mapping[str, Tally]:
        if self.hidden:
            customers = [each for each in customers if not self.is_hidden(each, young[each])]
        return dict(zip(customers, map(young.__getitem__, customers), strict=True))

    def restore(self, generation: int, rows: Rows) -> None:
        """Takes back what `take_changes` gave, oldest first."""
        if generation > self.generation:
            self._turn()
            self.generation = generation
        self._stored.add(generation, sum(map(len, rows.values())))
        for component, customers in rows.items():
            for customer, row in customers.items():
                self._renew(component, customer, row)

    def turn(self) -> int:
        """Forgets the old generation and begins a new one; returns the one that is gone. Changes must have been taken before."""
        self._turn()
        return self.generation - 2

    def _turn(self) -> None:
        self._stored.forget(self.generation - 1)
        self.hidden = {each: at for each, at in self.hidden.items() if any(each in rows for rows in self._young.values())}
        self._old, self._young, self._size = self._young, {}, 0
        self.generation += 1
