"""The fold counts the product events of one partition, per rule, component and bucket of event time. Pure.

The product events are keyed by customer, so a customer's every event is in one partition, and
counts of distinct customers add up over partitions. A customer is counted in the bucket of their
latest bad event only, so they add up over buckets too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.monitor.fold.aging import Components
from services.monitor.fold.buckets import Buckets, OldCells
from services.monitor.fold.seen import MINUTE, Seen
from services.monitor.fold.tallies import Tallies, Tally
from services.monitor.rules.file import RatioRule
from shared.conditions import test_of
from shared.events import ProductEvent

SKEW = 300.0  # seconds an event may be ahead of our clock before it is counted as such
REMEMBERED = 2  # horizons for which a minute's identities are kept after it last grew
FOUND_WITHIN = 60.0  # seconds of wall clock in which detection finds what happened, also while this partition runs ahead
COMPONENTS = 2_000  # of one rule in one partition, beside those that are named
QUIET = 36 * 3600.0  # seconds of the clock for which a stranger without buckets stays known: what comes once a day does
NOT_OURS, REFUSED, LATE, TAKEN = range(4)  # what a watch says of an event, the least first


class Watch:
    """One rule's view of one partition."""

    def __init__(self, rule: RatioRule, horizon: float, limit: int, named: frozenset[str] = frozenset()) -> None:
        """`limit`: how many components it may know beside the `named` ones and those of the rule's `only`."""
        self.rule = rule
        self.key = f"{rule.id}@{rule.fingerprint}"  # what is stored under another fingerprint was counted by another rule
        self.components = Components(limit, horizon, named=named | set(rule.only))
        self.watermarks = self.components.watermarks  # component → latest event time
        self.tallies = Tallies()
        self.refused = 0  # events whose component was one too many
        self.kept = horizon + rule.window.total_seconds()  # seconds of the clock for which what does not change is kept
        self._window = rule.window.total_seconds()
        self._width = rule.width
        self._where, self._bad, self._component = test_of(rule.where), test_of(rule.bad) or bool, rule.component_of()
        self.buckets = Buckets(self.components, rule.width, self.kept)
        self._cells = self.buckets.of
        self._start = self._until = 0  # of the bucket that the latest event was of, in seconds since the epoch
        self._turned = 0.0, 0.0  # when the tallies' generations turned: by the clock, by the wall clock

    def count(self, event: ProductEvent, at: float) -> int:
        """Takes one event of time `at`: TAKEN, LATE when it changes nothing any more, REFUSED when it names one component too many,
        NOT_OURS when the rule does not ask for it."""
        if self._where is not None and not self._where(event):
            return NOT_OURS
        component = self._component(event)
        if type(component) is not str:
            return NOT_OURS
        watermark = self.watermarks.get(component)
        if watermark is None:
            if (fate := self._admit(component, at)) != TAKEN:
                return fate
            self.components.reach(component, at)
        elif at > watermark:
            self.watermarks[component] = at
        elif self.components.is_late(component, at, watermark):
            return LATE
        start = self._start
        if not start <= at < self._until:  # most events are of the bucket of the one before
            start = self._start = int(at) // self._width * self._width
            self._until = start + self._width
        bucket = self._cells.get(start)
        cell = None if bucket is None else bucket.get(component)
        if cell is None or not cell.changed:
            cell = self.buckets.cell(start, component)
        cell.total += 1
        if self._bad(event):
            cell.bad += 1
            if not cell.first_bad or at < cell.first_bad:
                cell.first_bad = at
            if event.subject is not None:
                self._fail(component, event.subject, at, start)
        return TAKEN

    def _admit(self, component: str, at: float) -> int:
        """Says whether a component that is not known may come."""
        if not 0 < len(component) <= 255:
            return NOT_OURS
        if self.components.is_late_for_all(component, at):
            return LATE
        if not self.components.has_room(component):
            self.refused += 1
            return REFUSED
        return TAKEN

    def came_ahead(self, event: ProductEvent) -> None:
        """Notes that the event just taken has a time ahead of our clock. Within the same minute its component's watermark says enough."""
        component, at = self._component(event), event.time.timestamp()
        if type(component) is str and component in self.watermarks and at // MINUTE > self.watermarks[component] // MINUTE:
            self.components.came_ahead(component, at)

    def _fail(self, component: str, customer: str, at: float, start: int) -> Tally:
        tally = self.tallies.of(component, customer)
        if tally is None:
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
                tally = self._fail(component, customer, last, start)
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
            if tally.count >= self.rule.impact.at_least and tally.last >= since and tally.first <= until:
                yield customer, tally


@dataclass(slots=True)
class Account:
    """The account of the events that one partition folded: counted, duplicate, unmatched, dead; and how many records were read from it.

    Over all partitions read = counted + duplicate + unmatched + dead + forwarded.
    """

    read: int = 0
    counted: int = 0  # by a rule at least; late ones too
    duplicate: int = 0
    unmatched: int = 0  # no rule asks for it
    dead: int = 0  # dead letters
    late: int = 0  # of the counted: too late for every rule
    ahead: int = 0  # of the counted: more than five minutes in our future
    forwarded: int = 0  # to the partition of their key, where they are read again


class Partition:
    """All rules' views of one partition, and the account of what went in."""

    def __init__(
        self, rules: Sequence[RatioRule], horizon: float, components: int = COMPONENTS, named: frozenset[str] = frozenset()
    ) -> None:
        """`components`: how many each rule may know here beside the `named` ones."""
        self.watches = {rule.id: Watch(rule, horizon, components, named) for rule in rules}
        self.seen = Seen()
        self.account = Account()
        self.clock = 0.0  # the latest event time counted, never ahead of our own
        self.taken_over = False  # from an older version, and not stored since
        self._remembered = REMEMBERED * horizon
        self._by_type: dict[str, tuple[Watch, ...]] = {
            each: tuple(watch for watch in self.watches.values() if each in watch.rule.events) for rule in rules for each in rule.events
        }

    def asks_for(self, event: ProductEvent) -> bool:
        """Says whether a rule counts events of this type."""
        return event.type in self._by_type

    def fold(self, event: ProductEvent, now: float) -> int:
        """Takes one event and says what became of it; a REFUSED one is to be put aside. `now`: the wall clock, seconds since the epoch.

        An event from the future comes from a clock that is ahead of ours, and happens now: it makes no other late,
        and no trouble look over.
        """
        account = self.account
        account.read += 1
        watches = self._by_type.get(event.type)
        if watches is None:
            account.unmatched += 1
            return NOT_OURS
        at = event.time.timestamp()
        if not self.seen.first_time(event.source, event.id, at):
            account.duplicate += 1
            return NOT_OURS
        ahead = at - now
        if ahead > 0:
            at = now
        fate = NOT_OURS
        for watch in watches:
            if (said := watch.count(event, at)) > fate:
                fate = said
        if fate == TAKEN:
            account.counted += 1
            if at > self.clock:  # noqa: PLR1730  a call of max() is measurable here
                self.clock = at
            if ahead > 0:
                self._came_ahead(event, watches, ahead)
        else:
            self._not_taken(event, fate)
        return fate

    def _came_ahead(self, event: ProductEvent, watches: Sequence[Watch], ahead: float) -> None:
        for watch in watches:
            watch.came_ahead(event)
        self.account.ahead += ahead > SKEW

    def _not_taken(self, event: ProductEvent, fate: int) -> None:
        self.seen.take_back(event.time.timestamp())  # it changed nothing; a refused one may come again when there is room
        if fate == LATE:
            self.account.counted += 1
            self.account.late += 1
        elif fate == REFUSED:
            self.account.dead += 1
        else:
            self.account.unmatched += 1

    def is_over(self, clock: float) -> bool:
        """Says whether a minute that grew last when the clock was there need not be known any more."""
        return clock < self.clock - self._remembered

    def expired(self) -> list[int]:
        """Returns the minutes of event time whose identities need not be known any more."""
        return [minute for minute, clock in self.seen.grew().items() if self.is_over(clock)]

    def forget(self, minute: int) -> None:
        """Lets go of the identities of one minute."""
        self.seen.forget(minute)
        self.close(minute)

    def close(self, minute: int) -> None:
        """Notes that an event that may be of that minute is late from now on."""
        for watch in self.watches.values():
            watch.components.close(minute * MINUTE, (minute + 1) * MINUTE)


def above(limit: int, sizes: Mapping[tuple[int, int], int]) -> list[tuple[int, int]]:
    """Returns the (partition, minute)s to be forgotten, the oldest minutes first, so that no more than `limit` identities are known."""
    excess = sum(sizes.values()) - limit
    gone = []
    for at in sorted(sizes, key=lambda at: at[1]) if excess > 0 else ():
        if excess <= 0:
            break
        gone.append(at)
        excess -= sizes[at]
    return gone
