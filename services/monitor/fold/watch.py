"""One rule's view of one partition: it counts a batch per component and bucket, and follows the customers whose events are bad. Pure.

A customer is counted in the bucket of their latest bad event only, so that counts of distinct customers add up over buckets.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from services.monitor.aggregates.counts import Asks, Purpose
from services.monitor.fold.aging import Components
from services.monitor.fold.buckets import Buckets, OldCells
from services.monitor.fold.columns import Columns, Predicate, Share
from services.monitor.fold.numbers import Measured, measure
from services.monitor.fold.seen import MINUTE
from services.monitor.fold.tallies import Tallies, Tally
from shared.conditions import MISSING, reader
from shared.events import ProductEvent

FOUND_WITHIN = 60.0  # seconds of wall clock in which detection finds what happened, also while this partition runs ahead
QUIET = 36 * 3600.0  # seconds of the clock for which a stranger without buckets stays known: what comes once a day does
DUPLICATE, NOT_OURS, REFUSED, LATE, TAKEN = range(5)  # what becomes of an event; of two rules' words the greater counts


class Verdict(NamedTuple):
    """What a watch says of a batch: it takes these shares, but for the rows that are left out. It asked for no others."""

    shares: Mapping[str, Share]  # by component
    left_out: Mapping[int, int]  # row → LATE, REFUSED or NOT_OURS
    whole: bool  # every row of the batch is taken


class Watch:
    """One rule's view of one partition."""

    def __init__(self, asks: Asks, horizon: float, limit: int, named: frozenset[str] = frozenset()) -> None:
        """`limit`: how many components it may know beside the `named` ones and those that are asked for by name."""
        self.asks, self.counting = asks, asks.counting
        self.key = f"{asks.id}@{self.counting.fingerprint}"  # what is stored under another fingerprint was counted by another rule
        self.components = Components(limit, horizon, named=named | self.counting.only)
        self.watermarks = self.components.watermarks  # component → latest event time
        self.tallies = Tallies()
        self.refused = 0  # events whose component was one too many
        self.kept = horizon + self.counting.window  # seconds of the clock for which what does not change is kept
        self._window, self._width = self.counting.window, self.counting.width
        self._where, self._bad = Predicate(self.counting.where), Predicate(self.counting.bad)
        number = self.counting.number
        self._measured = None if number is None else Measured(number, self._width)
        self._component, self._only = reader(self.counting.component), self.counting.only
        self.buckets = Buckets(self.components, self._width, self.kept)
        self._cells = self.buckets.of
        self._turned = 0.0, 0.0  # when the tallies' generations turned: by the clock, by the wall clock

    # ── a batch came ─────────────────────────────────────────────────────────────────────────

    def count(self, columns: Columns) -> Verdict:
        """Takes a batch of the event types that the rule asks for. What is done in this loop costs each component, for each rule."""
        watermarks, cells, width, horizon = self.watermarks, self._cells, self._width, columns.horizon
        closed, is_closed = self.components.closed, self.components.is_closed
        shares, rows = columns.select(self._where).shares(self.counting.component)
        left_out: dict[int, int] = {}
        for component, all_of_it in shares.items():
            share, watermark = all_of_it, watermarks.get(component)
            if (
                watermark is None
                or not share.timely
                or share.earliest < watermark - horizon
                or (closed and is_closed(component, share.earliest))
            ):
                if (kept := self._admit(component, share, columns, left_out)) is None:
                    continue
                share = kept
            elif share.latest > watermark:
                watermarks[component] = share.latest
            for start, events in share.counts.get(width) or share.count(width):
                bucket = cells.get(start)
                cell = None if bucket is None else bucket.get(component)
                if cell is None or not cell.changed:
                    cell = self.buckets.cell(start, component)
                cell.total += events
        self._count_bad(columns, left_out)
        if self._measured is not None:
            measure(columns, shares, self._measured, self.buckets, left_out)
        return Verdict(shares, left_out, rows == len(columns.ats) and not left_out)

    def _count_bad(self, columns: Columns, left_out: Mapping[int, int]) -> None:
        shares, _ = columns.select(self._where, self._bad).shares(self.counting.component)
        for component, all_of_it in shares.items():
            share = all_of_it
            if left_out:
                kept = [row for row in share.rows if row not in left_out]
                if not kept:
                    continue
                share = share if len(kept) == len(share.rows) else Share(kept, columns.ats, columns.horizon)
            firsts = share.first(self._width)
            for start, events in share.counts.get(self._width) or share.count(self._width):
                cell, first = self.buckets.cell(start, component), firsts[start]
                cell.bad += events
                if not cell.first_bad or first < cell.first_bad:
                    cell.first_bad = first
            self._fail_all(component, share.rows, columns)

    def _fail_all(self, component: str, rows: Sequence[int], columns: Columns) -> None:
        """Notes bad events of one component. What is done in this loop costs each event of a rule that takes every one as bad.

        A customer who fails again in the same bucket has no more than their tally changed.
        """
        subjects, ats, width = columns.field("subject"), columns.ats, self._width
        if columns.nameless:
            rows = [row for row in rows if subjects[row] is not MISSING]
        failing = list(map(subjects.__getitem__, rows))
        known = self.tallies.fail_again(component, failing)
        for customer, at, tally in zip(failing, map(ats.__getitem__, rows), map(known.get, failing), strict=True):
            # Of a row its home is the bucket of the last event, and no bucket is longer than the window: this one is no further away.
            if tally is not None and tally.last <= at < tally.home + width:
                tally.last = at
                tally.count += 1
            else:
                self.fail(component, customer, at, int(at) // width * width)

    def fail(self, component: str, customer: str, at: float, start: int) -> Tally:
        tally = self.tallies.of(component, customer)
        if tally is None or not tally.count:
            tally = Tally(at, at, 1, start)
            self.buckets.cell(start, component).customers += 1
        else:
            tally.follow(at, self._window)
            if start > tally.home:
                self.buckets.leave(tally.home, component)
                self.buckets.cell(start, component).customers += 1
                tally.home = start
        self.tallies.put(component, customer, tally)
        return tally

    def let_go(self, customers: Set[str]) -> Iterator[tuple[str, str, Tally]]:
        """Yields what is counted of these customers by component and customer, and counts it here no more."""
        for component, customer, tally in self.tallies.of_customers(customers):
            if self._counts_customers:
                self.buckets.leave(tally.home, component)
            self.tallies.put(component, customer, Tally(0.0, 0.0, 0, 0))
            yield customer, component, tally

    def join(self, component: str, customer: str, came: Tally) -> None:
        """Adds what was counted of a customer under another name, and counts the customer once."""
        # The tally of an alert has the alert's start, and one that fires on is not old.
        is_old = self._counts_customers and came.last < self.watermarks.get(component, 0.0) - self.kept
        if is_old or not self._knows(component, came.last):
            return
        own = self.tallies.of(component, customer)
        if own is None or not own.count:
            own = Tally(came.first, came.last, came.count, came.home)
            if self._counts_customers:
                self.buckets.cell(own.home, component).customers += 1
        else:
            own.join(came, self._window)
            if came.home > own.home:
                if self._counts_customers:
                    self.buckets.leave(own.home, component)
                    self.buckets.cell(came.home, component).customers += 1
                own.home = came.home
        self.tallies.put(component, customer, own)

    @property
    def _counts_customers(self) -> bool:
        return self.counting.purpose != Purpose.ALERTS

    def _knows(self, component: str, at: float) -> bool:
        """Says whether this component is known, or may come to be."""
        if component not in self.watermarks:
            if not self.components.has_room(component):
                self.refused += 1
                return False
            self.components.reach(component, at)
        return True

    def report(self, component: str, at: float) -> bool:
        """Takes note of a component of which an alert was said; it is never late. Says no when it is one too many."""
        if not self._knows(component, at):
            return False
        self.components.reach(component, at)
        self.buckets.cell(int(at) // self._width * self._width, component)  # as long as it has one, its component is known
        return True

    def name(self, component: str, customer: str, since: float) -> None:
        """Takes note of a customer whom an alert names that fires since then. Of several alerts the one that began last counts, once."""
        tally = self.tallies.of(component, customer)
        if tally is None or tally.last < since:
            self.tallies.put(component, customer, Tally(since, since, 1, int(since) // self._width * self._width))

    def _admit(self, component: str, share: Share, columns: Columns, left_out: dict[int, int]) -> Share | None:
        """Returns those events of a component that count, if any do: it is not known, or some of them may be late."""
        if component in self.watermarks:
            coming, fate = share.rows, LATE
        else:
            coming, fate = self._admit_newcomer(component, share, columns.ats, left_out)
        kept = self._timely(component, coming, columns.ats)
        if len(kept) < len(share.rows):
            for row in set(share.rows).difference(kept):
                left_out.setdefault(row, fate)
            if not kept:
                return None
            share = Share(kept, columns.ats, columns.horizon)
        self.components.reach(component, share.latest)
        return share

    def _admit_newcomer(self, component: str, share: Share, ats: Sequence[float], left_out: dict[int, int]) -> tuple[Sequence[int], int]:
        """Returns those events of a component that is not known that may count, and what becomes of the others."""
        if not 0 < len(component) <= 255 or (self._only and component not in self._only):
            return (), NOT_OURS
        coming = share.rows
        if self.components.is_late_for_all(component, share.earliest):
            coming = [row for row in coming if not self.components.is_late_for_all(component, ats[row])]
        if coming and not self.components.has_room(component):
            self.refused += len(coming)
            left_out |= dict.fromkeys(coming, REFUSED)
            return (), LATE
        return coming, LATE

    def _timely(self, component: str, rows: Sequence[int], ats: Sequence[float]) -> Sequence[int]:
        """Goes through the events of a component in the order they came, since one may make a later one late."""
        watermark, kept = self.watermarks.get(component, 0.0), []
        for row in rows:
            at = ats[row]
            if at > watermark:
                watermark = at
            elif self.components.is_late(component, at, watermark):
                continue
            kept.append(row)
        return kept

    def came_ahead(self, event: ProductEvent) -> None:
        """Notes that an event just taken has a time ahead of our clock. Within the same minute its component's watermark says enough."""
        component, at = self._component(event), event.time.timestamp()
        if type(component) is str and component in self.watermarks and at // MINUTE > self.watermarks[component] // MINUTE:
            self.components.came_ahead(component, at)

    # ── what a checkpoint needs ──────────────────────────────────────────────────────────────

    def take_over(self, start: int, cells: OldCells) -> None:
        """Adds what an older version counted and stored; the next checkpoint stores it in today's form."""
        for component, old in cells.items():
            self.components.reach(component, old.watermark)
            cell = self.buckets.cell(start, component)
            cell.total += old.total
            cell.bad += old.bad
            cell.first_bad = min(filter(None, (cell.first_bad, old.first_bad)), default=0.0)
            for customer, (first, last, count) in old.failing.items():
                tally = self.fail(component, customer, last, start)
                tally.first, tally.count = min(tally.first, first), tally.count + count - 1

    def restored(self, touched: Mapping[int, float], clock: float, now: float) -> None:
        """Ends a restore: all that was stored is back. `touched`: where the clock stood when each bucket was stored last."""
        self.buckets.restored(touched)
        self.tallies.fresh.clear()  # who was erased meanwhile is named by the database
        self._turned = clock, now

    def turn(self, clock: float, now: float) -> int | None:
        """Forgets the tallies that have not changed for as long, and for long enough by the wall clock; returns their generation."""
        if clock - self._turned[0] <= self.kept or now - self._turned[1] < FOUND_WITHIN:
            return None
        self._turned = clock, now
        return self.tallies.turn()

    def forget_strangers(self, clock: float) -> None:
        """Forgets strangers: components that nobody named, once they have been quiet for long."""
        self.components.forget(clock - QUIET)

    def affected(self, component: str, customers: Iterable[str] | None, since: float, until: float) -> Iterator[tuple[str, Tally]]:
        """Yields those of the customers (None: of all) whose bad events reach the rule's number, in a failure streak that lies at least
        in part within."""
        for customer in self.tallies.customers(component) if customers is None else customers:
            tally = self.tallies.of(component, customer)
            if tally is None or self.tallies.is_hidden(customer, tally):
                continue
            if tally.count >= self.counting.at_least and tally.last >= since and tally.first <= until:
                yield customer, tally
