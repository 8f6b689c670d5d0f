"""Fold: what one partition of the product events amounts to, per rule, component and bucket of event time. Pure.

The product events are keyed by customer, so a customer's every event is in one partition, and
counts of distinct customers add up over partitions. A customer is counted in the bucket of their
latest bad event only, so they add up over buckets too.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from services.monitor.aging import Ages
from services.monitor.rules import RatioRule, reader, test_of
from services.monitor.seen import Seen
from shared.events import ProductEvent

SKEW = 300.0  # seconds an event may be ahead of our clock before it is counted as such
NOT_OURS, LATE, TAKEN = range(3)  # what a watch says of an event, the least first


@dataclass(slots=True)
class Tally:
    """One customer's unbroken row of bad events: no two further apart than the rule's window."""

    first: float  # event time, seconds since the epoch
    last: float
    count: int


@dataclass(slots=True)
class Cell:
    """One component in one bucket."""

    total: int = 0
    bad: int = 0
    first_bad: float = 0.0  # event time of the earliest bad event, seconds since the epoch; 0 without one
    failing: dict[str, Tally] = field(default_factory=dict)  # customers whose latest bad event is here
    changed: bool = False


Bucket = dict[str, Cell]  # by component
Changes = dict[str, list[tuple[int, int, int, int, float]]]  # component → (bucket, events, bad events, customers, first bad event)


class StoredCell(msgspec.Struct, array_like=True):
    """A `Cell` as it is stored, with the component's watermark. Fields are added at the end, with a default: older snapshots lack them."""

    total: int
    bad: int
    failing: dict[str, tuple[float, float, int]]
    watermark: float
    first_bad: float = 0.0


Stored = dict[str, StoredCell]


class Watch:
    """One rule's view of one partition."""

    def __init__(self, rule: RatioRule, horizon: float) -> None:
        self.rule = rule
        self.watermarks: dict[str, float] = {}  # component → latest event time
        self.failed: dict[str, set[str]] = {}  # component → customers with bad events since the last `changes`
        self._horizon = horizon
        self._window = rule.window.total_seconds()
        self._width = rule.width
        self._where, self._bad, self._component = test_of(rule.where), test_of(rule.bad) or bool, reader(rule.component)
        self._buckets: dict[int, Bucket] = {}
        self._ages = Ages()  # of the buckets
        self._changed: list[tuple[int, str, Cell]] = []
        self._latest: dict[tuple[str, str], int] = {}  # (component, customer) → the bucket their tally is in

    def count(self, event: ProductEvent, at: float) -> int:
        """Takes one event of time `at`: TAKEN, LATE when it changes nothing any more, NOT_OURS when the rule does not ask for it."""
        if self._where is not None and not self._where(event):
            return NOT_OURS
        component = self._component(event)
        if type(component) is not str or not 0 < len(component) <= 255:
            return NOT_OURS
        watermark = self.watermarks.get(component, 0.0)
        if at > watermark:
            self.watermarks[component] = at
        elif at < watermark - self._horizon:
            return LATE
        start = int(at) // self._width * self._width
        cell = self._cell(start, component)
        cell.total += 1
        if self._bad(event):
            cell.bad += 1
            if not cell.first_bad or at < cell.first_bad:
                cell.first_bad = at
            if event.subject is not None:
                self._fail(component, event.subject, at, start)
        return TAKEN

    def _cell(self, start: int, component: str) -> Cell:
        bucket = self._buckets.get(start)
        if bucket is None:
            bucket = self._buckets[start] = {}
        cell = bucket.get(component)
        if cell is None:
            cell = bucket[component] = Cell()
        if not cell.changed:
            cell.changed = True
            self._changed.append((start, component, cell))
        return cell

    def _fail(self, component: str, customer: str, at: float, start: int) -> None:
        before = self._latest.get((component, customer))
        self.failed.setdefault(component, set()).add(customer)
        if before is None:
            tally = Tally(at, at, 1)
        else:
            tally = self._cell(before, component).failing.pop(customer)
            if at - tally.last > self._window:  # the row is broken; the later one counts
                tally = Tally(at, at, 1)
            elif tally.first - at <= self._window:
                tally = Tally(min(tally.first, at), max(tally.last, at), tally.count + 1)
        home = start if before is None else max(start, before)
        self._latest[component, customer] = home
        self._cell(home, component).failing[customer] = tally

    # ── what a checkpoint needs ──────────────────────────────────────────────────────────────

    def changes(self) -> Changes:
        """The buckets that changed since the last `settle`."""
        changes: Changes = {}
        for start, component, cell in self._changed:
            changes.setdefault(component, []).append((start, cell.total, cell.bad, len(cell.failing), cell.first_bad))
        return changes

    def settle(self, now: float) -> dict[int, Stored]:
        """The buckets that changed, whole, to be stored; nothing counts as changed afterwards."""
        starts = {start for start, _, _ in self._changed}
        for _, _, cell in self._changed:
            cell.changed = False
        self._changed, self.failed = [], {}
        for start in starts:
            self._ages.touch(start, now)
        return {start: self._stored(self._buckets[start]) for start in starts}

    def _stored(self, bucket: Bucket) -> Stored:
        return {
            component: StoredCell(
                cell.total,
                cell.bad,
                {customer: (tally.first, tally.last, tally.count) for customer, tally in cell.failing.items()},
                self.watermarks[component],
                cell.first_bad,
            )
            for component, cell in bucket.items()
        }

    def restore(self, start: int, stored: Stored, now: float) -> None:
        """Takes back what `settle` gave."""
        bucket = self._buckets.setdefault(start, {})
        for component, cell in stored.items():
            failing = {customer: Tally(*tally) for customer, tally in cell.failing.items()}
            bucket[component] = Cell(cell.total, cell.bad, cell.first_bad, failing)
            self._latest |= {(component, customer): start for customer in failing}
            self.watermarks[component] = max(self.watermarks.get(component, 0.0), cell.watermark)
        self._ages.touch(start, now)

    def forget(self, now: float) -> list[int]:
        """Lets go of buckets that nothing has touched for a window and the horizon; returns them."""
        gone = self._ages.forget(now - self._horizon - self._window)
        for start in gone:
            for component, cell in self._buckets.pop(start).items():
                for customer in cell.failing:
                    del self._latest[component, customer]
        return gone

    def affected(self, component: str, customers: Iterable[str] | None, since: float, until: float) -> Iterator[tuple[str, Tally]]:
        """Those of the customers (None: of all) whose bad events reach the rule's number, in a row that lies at least in part within."""
        for customer in self._everybody(component) if customers is None else customers:
            start = self._latest.get((component, customer))
            if start is None:
                continue
            tally = self._buckets[start][component].failing[customer]
            if tally.count >= self.rule.impact.at_least and tally.last >= since and tally.first <= until:
                yield customer, tally

    def _everybody(self, component: str) -> list[str]:
        cells = (bucket.get(component) for bucket in self._buckets.values())
        return [customer for cell in cells if cell is not None for customer in cell.failing]


@dataclass(slots=True)
class Account:
    """Where every record of one partition went: read = counted + duplicate + unmatched + dead."""

    read: int = 0
    counted: int = 0  # by a rule at least; late ones too
    duplicate: int = 0
    unmatched: int = 0  # no rule asks for it
    dead: int = 0  # dead letters
    late: int = 0  # of the counted: too late for every rule
    ahead: int = 0  # of the counted: more than five minutes in our future


class Partition:
    """All rules' views of one partition, and the account of what went in."""

    def __init__(self, rules: Sequence[RatioRule], horizon: float) -> None:
        self.horizon = horizon
        self.watches = {rule.id: Watch(rule, horizon) for rule in rules}
        self.seen = Seen()
        self.account = Account()
        self._by_type: dict[str, tuple[Watch, ...]] = {
            each: tuple(watch for watch in self.watches.values() if each in watch.rule.events) for rule in rules for each in rule.events
        }

    def fold(self, event: ProductEvent, now: float) -> None:
        """Takes one event. `now`: the wall clock, seconds since the epoch.

        An event from the future comes from a clock that is ahead of ours, and happens now: it makes no other late,
        and no trouble look over.
        """
        account = self.account
        account.read += 1
        watches = self._by_type.get(event.type)
        if watches is None:
            account.unmatched += 1
            return
        at = event.time.timestamp()
        if not self.seen.first_time(event.source, event.id, at):
            account.duplicate += 1
            return
        ahead = at - now
        if ahead > 0:
            at = now
        fate = NOT_OURS
        for watch in watches:
            if (said := watch.count(event, at)) > fate:
                fate = said
        if fate == NOT_OURS:
            account.unmatched += 1
            return
        account.counted += 1
        if fate == LATE:
            account.late += 1
        elif ahead > SKEW:
            account.ahead += 1
