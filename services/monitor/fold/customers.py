"""One customer rule's view of one partition: it remembers, for each customer, the moments that the rule follows. Pure.

A customer with troubles is remembered for as long as the rule says, one without until no event may come any more that is older than
what ended the last. Both go by event time: that of the rule's own events in this partition, so that a system that is far behind others
loses nothing. Memory is bounded by the customers with such events in that time, each with `most` moments.
"""

import math
from collections.abc import Collection, Iterator, Sequence, Set
from itertools import chain, islice
from operator import gt
from typing import Any, NamedTuple

import msgspec

from services.monitor.aggregates.moments import Amount, Follows, Held, Matching, Moments, StoredMoments
from services.monitor.fold.aging import Ages
from services.monitor.fold.calm import Calm, Ends
from services.monitor.fold.columns import Columns, Predicate, Selection
from services.monitor.fold.seen import identity_of
from services.monitor.fold.tallies import Appended
from shared.conditions import MISSING

MOST = 1e15  # an amount beyond is a mistake
PIECE = 10_000  # customers that are stored in one piece: some ten milliseconds to pack or to unpack
UNKNOWN = Moments()  # of a customer of whom nothing is remembered; never changed


class Taken(NamedTuple):
    """What became of the rows that a rule asks for; the others are not its own."""

    taken: Sequence[int]
    late: Sequence[int]


class StoredCustomers(msgspec.Struct, frozen=True):
    """Customers to be stored, and how far event time had come, by event types; `whole` replaces all that was stored before this piece."""

    clocks: list[tuple[list[str], float]]
    moments: StoredMoments
    whole: bool = False


class Half:
    """One of the two matchings of a rule: troubles, or what ends them."""

    __slots__ = ("_asks", "_but", "_customers", "_ends", "events")

    def __init__(self, customers: "Customers", matching: Matching, *, ends: bool) -> None:
        where = Predicate(matching.where)
        self.events, self._customers, self._ends = matching.events, customers, ends
        self._asks = (where,) if matching.also is None else (where, Predicate(matching.also))
        self._but = None if matching.but is None else (where, Predicate(matching.but))

    def take(self, columns: Columns) -> Taken:
        """Takes a batch of the event types of this matching."""
        return self._customers.take(columns, self._selection(columns), self.events, ends=self._ends)

    def _selection(self, columns: Columns) -> Selection:
        asked = columns.select(*self._asks)
        others = set(columns.rows(*self._but)) if self._but and asked.rows else None
        return columns.only([row for row in asked.rows if row not in others]) if others else asked


class Customers:
    """One rule's view of the customers of one partition."""

    def __init__(self, follows: Follows, horizon: float) -> None:
        self.following = follows.following
        self.key = f"{follows.id}@{self.following.fingerprint}"
        self.changed: set[str] = set()  # of those who had troubles at the last checkpoint, or since
        self.calm = Calm()  # all others
        self.fresh: set[str] = set()  # customers that were not remembered when this was emptied
        self._of: dict[str, Moments] = {}
        self._horizon = horizon
        matchings = filter(None, (self.following.troubles, self.following.ends))
        self._clocks = dict.fromkeys((each.events for each in matchings), 0.0)  # the latest event time
        self._troubled: Ages[str] = Ages()
        self._noted: tuple[float, set[str]] = 0.0, set()  # the latest grain, and of whom its trouble is noted
        self._stored = Appended()

    def __len__(self) -> int:
        """Returns how many customers are remembered."""
        return len(self._of) + len(self.calm.ends)

    @property
    def halves(self) -> Iterator[Half]:
        yield Half(self, self.following.troubles, ends=False)
        if self.following.ends is not None:
            yield Half(self, self.following.ends, ends=True)

    def of(self, customer: str) -> Moments:
        """Returns what is remembered of a customer."""
        moments = self._of.get(customer)
        if moments is None:
            ended = self.calm.of(customer)
            return UNKNOWN if ended is None else Moments(ended)
        return moments

    @property
    def complete_to(self) -> float:
        """Returns the event time up to which nothing may come any more that counts; at most 0 while not all kinds of events were heard."""
        return min(self._clocks.values()) - self._horizon

    # ── a batch came ─────────────────────────────────────────────────────────────────────────

    def take(self, columns: Columns, selection: Selection, types: frozenset[str], *, ends: bool) -> Taken:
        """Takes these rows of a batch."""
        ats, customers, floor = columns.ats, columns.field("subject"), self._clocks[types] - self._horizon
        rows = selection.rows
        late: Sequence[int] = ()
        if not rows:
            return Taken(rows, late)
        earliest, latest = selection.span
        if earliest < floor:
            late = [row for row in rows if ats[row] < floor and customers[row] is not MISSING]
            rows = [row for row in rows if ats[row] >= floor]
        if columns.nameless:
            rows = [row for row in rows if customers[row] is not MISSING]
            latest = max(map(ats.__getitem__, rows), default=0.0)
        if rows:
            self._clocks[types] = max(self._clocks[types], latest)
            if ends:
                self._note_ends(rows, customers, ats)
            elif self.following.amount is not None:
                self._note_amounts(rows, customers, columns, self.following.amount)
            elif self.following.grain and earliest // self.following.grain == latest // self.following.grain and not late:
                self._note_visits(selection.customers, earliest // self.following.grain * self.following.grain)
            else:
                self._note_troubles(rows, customers, columns)
        return Taken(rows, late)

    def _note_ends(self, rows: Sequence[int], customers: Sequence[str], ats: Sequence[float]) -> None:
        """Notes what ends troubles. Mostly nobody has any, so all but the customers who have are noted at once."""
        times = list(map(ats.__getitem__, rows))
        if any(map(gt, times, islice(times, 1, None))):  # of a customer the latest is to be the last
            rows = sorted(rows, key=ats.__getitem__)
            times = list(map(ats.__getitem__, rows))
        coming = dict(zip(map(customers.__getitem__, rows), times, strict=True))
        for customer in self._of.keys() & coming.keys():
            if self._of[customer].end(coming.pop(customer)):
                self.changed.add(customer)
        self.fresh |= self.calm.end(coming)

    def _note_troubles(self, rows: Sequence[int], customers: Sequence[str], columns: Columns) -> None:
        events, ats, most, grain = columns.events, columns.ats, self.following.most, self.following.grain
        for row in rows:
            customer, event, at = customers[row], events[row], ats[row]
            moments = self._of.get(customer)
            if moments is None:
                moments = self._remember(customer)
            if grain:
                at = at // grain * grain
                if moments.troubles and moments.troubles[-1][0] == at:
                    continue  # mostly
            if moments.trouble(at, int(at) if grain else identity_of(event.source, event.id), most):
                self.changed.add(customer)

    def _note_visits(self, coming: frozenset[str], at: float) -> None:
        """Notes troubles of one grain. A customer of whom it is noted already costs a look-up at most: noted again, it changes nothing."""
        if at > self._noted[0]:
            self._noted = at, set()
        if at == self._noted[0]:
            coming = coming - self._noted[1]
            self._noted[1].update(coming)
        strangers, first = coming.difference(self._of, self.calm.ends), ((at, int(at)),)
        self._of |= {customer: Moments(0.0, first) for customer in strangers}
        self.fresh |= strangers
        self.changed |= strangers
        for customer in coming - strangers:
            moments = self._of.get(customer)
            if moments is None:
                moments = self._remember(customer)
            if moments.trouble(at, int(at), self.following.most):
                self.changed.add(customer)

    def _note_amounts(self, rows: Sequence[int], customers: Sequence[str], columns: Columns, wanted: Amount) -> None:
        """Notes troubles with their amounts."""
        events, ats, said = columns.events, columns.ats, columns.field(wanted.field)
        most, grain = self.following.most, self.following.grain
        for row in rows:
            customer, event, at = customers[row], events[row], ats[row]
            moments = self._of.get(customer)
            if moments is None:
                moments = self._remember(customer)
            at = at // grain * grain if grain else at
            amount = max(said[row], 0.0) if _is_number(said[row]) else wanted.otherwise
            if moments.weigh(at, int(at) if grain else identity_of(event.source, event.id), most, float(amount)):
                self.changed.add(customer)

    def _remember(self, customer: str) -> Moments:
        """Begins to look at a customer by themselves, as one who may have troubles."""
        moments = self._of[customer] = Moments(self.calm.of(customer) or 0.0)
        if customer not in self.calm.ends:
            self.fresh.add(customer)
        if customer in self.calm.changed:
            self.changed.add(customer)
        self.calm.forget(customer)
        return moments

    # ── a customer has another name ──────────────────────────────────────────────────────────

    def let_go(self, customers: Set[str]) -> Iterator[tuple[str, Held]]:
        """Yields what is remembered of these customers, and remembers nothing of them any more."""
        for customer in (self._of.keys() & customers) | (self.calm.ends.keys() & customers):
            moments = self.of(customer)
            if moments.latest:
                self.calm.forget(customer)
                self._of[customer] = Moments()
                self._noted[1].discard(customer)
                self.changed.add(customer)
                yield customer, Held(moments.ended, moments.troubles, moments.amounts)

    def join(self, customer: str, came: Held) -> None:
        """Adds what was remembered of a customer under another name: it is the same as if all of it had come under this one."""
        moments = self._of.get(customer)
        if moments is None:
            moments = self._remember(customer)
        for index, (at, identity) in enumerate(came.troubles):
            if self.following.amount is None:
                moments.trouble(at, identity, self.following.most)
            else:
                moments.weigh(at, identity, self.following.most, came.amounts[index])
        moments.end(came.ended)
        self.changed.add(customer)

    # ── a checkpoint ─────────────────────────────────────────────────────────────────────────

    def erase(self, customers: Collection[str]) -> None:
        """Forgets these customers."""
        for customer in customers:
            self._forget(customer)

    def erase_until(self, customer: str, at: float) -> None:
        """Forgets of an erased customer what is no later than their erasure."""
        if self.of(customer).latest <= at:
            self._forget(customer)
        elif (moments := self.of(customer)).ended <= at:
            left = moments.after(at)
            left.ended = 0.0
            self._of[customer] = left
            self._noted[1].discard(customer)

    def _forget(self, customer: str) -> None:
        self._of.pop(customer, None)
        self.changed.discard(customer)
        self._noted[1].discard(customer)
        self._troubled.drop(customer)
        self.calm.forget(customer)

    def take_changes(self, *, anew: bool = True) -> Iterator[StoredCustomers]:
        """Returns the customers who changed, to be stored piece by piece. Nothing counts as changed afterwards, who is old is forgotten.

        When more than half of what is stored is out of date, all customers are stored anew; when `anew` is false, at a later checkpoint.
        The view must not change before the last piece was asked for.
        """
        clock = max(self._clocks.values())
        self._settle()
        changed, self.changed = self.changed, set()
        calm = self.calm.take_changed()
        self._troubled.touch_all(changed, clock)
        self._age(clock)
        several = len(changed) + len(calm)
        whole = bool(several) and self._stored.is_worn(0, several, len(self) if anew else math.inf)
        return self._pieces(*((self._of, self.calm.all()) if whole else (changed, calm)), whole=whole) if several else iter(())

    def _settle(self) -> None:
        """Counts those who changed and have no troubles any more among the calm."""
        calm = [customer for customer in self.changed if not self._of[customer].troubles]
        self.changed.difference_update(calm)
        self.calm.put({customer: self._of.pop(customer).ended for customer in calm})
        for customer in calm:
            self._troubled.drop(customer)

    def _pieces(self, troubled: Collection[str], calm: Ends, *, whole: bool) -> Iterator[StoredCustomers]:
        clocks = [(sorted(types), at) for types, at in self._clocks.items()]
        held = zip(troubled, map(self._of.__getitem__, troubled), strict=True)
        named = chain(held, zip(calm, map(Moments, calm.values()), strict=True))
        # One piece at least: nobody may be left, and that replaces what is stored.
        for begin in range(0, max(len(troubled) + len(calm), 1), PIECE):
            yield StoredCustomers(clocks, dict(islice(named, PIECE)), whole and not begin)

    def _age(self, clock: float) -> None:
        oldest = clock - self.following.kept - self._horizon
        self.calm.age(max(self.complete_to, oldest))
        for customer in self._troubled.forget(oldest):
            self._of.pop(customer, None)
            self._noted[1].discard(customer)

    def restore(self, stored: StoredCustomers) -> None:
        """Takes back what `take_changes` gave, oldest first."""
        for types, at in stored.clocks:
            self._clocks[frozenset(types)] = max(at, self._clocks.get(frozenset(types), 0.0))
        calm = {customer: moments.ended for customer, moments in stored.moments.items() if not moments.troubles}
        for customer in self._of.keys() & calm.keys():
            del self._of[customer]
        for customer in self.calm.ends.keys() & (stored.moments.keys() - calm.keys()):
            del self.calm.ends[customer]
        self.calm.restore(calm)
        self._of |= {customer: moments for customer, moments in stored.moments.items() if moments.troubles}
        self._stored.add(0, len(stored.moments))

    def restored(self) -> None:
        """Ends a restore: all that was stored is back; who was erased meanwhile is named by the database."""
        self._troubled.restore((each, moments.troubles[-1][0]) for each, moments in self._of.items())

    def troubled(self, least: int, of: Collection[str] | None = None) -> Collection[str]:
        """Returns the customers with so many troubles; of these, who had troubles at the last checkpoint or since, if they are given."""
        held = self._of
        return [each for each in (held if of is None else of) if len(held[each].troubles) >= least]


def _is_number(said: Any) -> bool:
    """Says whether a field of an event is a number that can be reckoned with; NaN is below nothing."""
    return type(said) in (int, float) and abs(said) < MOST
