"""The fold counts the product events of one partition, per rule, component and bucket of event time. Pure.

The product events are keyed by customer, so a customer's every event is in one partition, and
counts of distinct customers add up over partitions.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.monitor.aggregates.alerts import ALERT_REPORTED
from services.monitor.aggregates.counts import Asks, Purpose
from services.monitor.aggregates.moments import Follows
from services.monitor.aliases.claims import SAYING, Claim, claims_of
from services.monitor.fold.alerts import Alerts
from services.monitor.fold.columns import Columns
from services.monitor.fold.customers import Customers, Half, Taken
from services.monitor.fold.seen import MINUTE, Seen, identities_of, identity_of
from services.monitor.fold.watch import DUPLICATE, LATE, NOT_OURS, REFUSED, TAKEN, Verdict, Watch
from shared.events import ProductEvent
from shared.events.moments import FIRST

T = TypeVar("T")

SKEW = 300.0  # seconds an event may be ahead of our clock before it is counted as such
REMEMBERED = 2  # horizons for which a minute's identities are kept after it last grew
COMPONENTS = 2_000  # of one rule in one partition, beside those that are named


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

    def add(self, fates: Sequence[int]) -> None:
        """Takes note of what became of the events of a batch."""
        of = Counter(fates)
        self.read += len(fates)
        self.counted += of[TAKEN] + of[LATE]
        self.late += of[LATE]
        self.duplicate += of[DUPLICATE]
        self.unmatched += of[NOT_OURS]
        self.dead += of[REFUSED]


class Partition:
    """All rules' views of one partition, and the account of what went in."""

    def __init__(
        self,
        rules: Sequence[Asks],
        horizon: float,
        components: int = COMPONENTS,
        named: frozenset[str] = frozenset(),
        follow: Sequence[Follows] = (),
    ) -> None:
        """`components`: how many each rule may know here beside the `named` ones. `follow`: the rules on single customers."""
        self.watches = {rule.id: Watch(rule, horizon, components, named) for rule in rules}
        self.customers = {rule.id: Customers(rule, horizon) for rule in follow}
        self.seen = Seen()
        self.account = Account()
        self.claims: list[Claim] = []  # of names, since the last checkpoint
        self.clock = 0.0  # the latest event time counted, never ahead of our own
        self.taken_over = False  # from an older version, and not stored since
        self._horizon, self._remembered = horizon, REMEMBERED * horizon
        self._by_types: dict[frozenset[str], list[Watch]] = {}
        for watch in self.watches.values():
            if watch.counting.purpose != Purpose.ALERTS:
                self._by_types.setdefault(watch.counting.events, []).append(watch)
        self._halves: dict[frozenset[str], list[Half]] = {}
        for half in (half for customers in self.customers.values() for half in customers.halves):
            self._halves.setdefault(half.events, []).append(half)
            self._by_types.setdefault(half.events, [])
        self._types = frozenset().union(*self._by_types)
        self.alerts = Alerts([watch for watch in self.watches.values() if watch.counting.purpose == Purpose.ALERTS])

    def asks_for(self, event: ProductEvent) -> bool:
        """Says whether a rule counts events of this type, or looks at them."""
        return event.type in self._types or self.alerts.ask_for(event.type)

    def has_counted(self, event: ProductEvent) -> bool:
        """Says whether the event came before and counted here."""
        return self.seen.knows(identity_of(event.source, event.id), event.time.timestamp())

    # ── a batch came ─────────────────────────────────────────────────────────────────────────

    def fold(
        self,
        events: Sequence[ProductEvent],
        now: float,
        written: Callable[[int], float] | None = None,
        times: Sequence[float] | None = None,
    ) -> list[int]:
        """Takes a batch and says what became of each event; a REFUSED one is to be put aside. `now`: the wall clock.

        `written`: when the record of a row was written to its topic; now, if it is not given. `times`: of the events, if they are known.

        An event from the future comes from a clock that is ahead of ours, and happens now: it makes no other late,
        and no trouble look over.
        """
        every, types = range(len(events)), {event.type for event in events}
        asked = every if types <= self._types else [row for row in every if events[row].type in self._types]
        if times is None:
            times = [event.time.timestamp() for event in events]
        fates = _spread(self._fold(_only(asked, events), _only(asked, times), now), asked, [NOT_OURS] * len(events))
        if any(map(self.alerts.ask_for, types)):
            self._look_at_alerts(events, fates, now, written or (lambda _: now))
        if not types.isdisjoint(SAYING):
            self.claims += claims_of(events, now)
        self.account.add(fates)
        return fates

    def _look_at_alerts(self, events: Sequence[ProductEvent], fates: list[int], now: float, written: Callable[[int], float]) -> None:
        """Looks at each alert of a batch, whether or not the event came before: what is said again is not said in vain.

        A record's timestamp is whatever its producer says; one that cannot be is taken as now.
        """
        for row, event in enumerate(events):
            if event.type == ALERT_REPORTED:
                at = written(row)
                fates[row] = max(fates[row], self.alerts.take(event, at if FIRST <= at <= now else now, now))
                if fates[row] == TAKEN:
                    self.clock = max(self.clock, min(event.time.timestamp(), now))

    def _fold(self, events: Sequence[ProductEvent], times: Sequence[float], now: float) -> list[int]:
        """Takes events of types that rules ask for. One that no rule takes changed nothing: it is not known when it comes again."""
        identities = identities_of(events)
        copies = self.seen.take(identities, times)
        fresh = [row for row in range(len(events)) if row not in copies] if copies else range(len(events))
        if any(first is not None and events[row] != events[first] for row, first in copies.items()):
            self.seen.take_back(_only(fresh, identities), _only(fresh, times))
            return [fate for piece in _pieces(events, identities) for fate in self._fold(events[piece], times[piece], now)]
        fates = _spread(self._count(_only(fresh, events), _only(fresh, times), now), fresh, [DUPLICATE] * len(events))
        if left := [row for row in fresh if fates[row] != TAKEN]:
            self.seen.take_back(_only(left, identities), _only(left, times))
            for row, first in copies.items():
                if first is not None and fates[first] != TAKEN:
                    fates[row] = fates[first]
        return fates

    def _count(self, events: Sequence[ProductEvent], times: Sequence[float], now: float) -> list[int]:
        """Has each rule count the events of its types, none of which came before."""
        ats = times if max(times, default=0.0) <= now else [min(at, now) for at in times]
        fates, types = [NOT_OURS] * len(events), {event.type for event in events}
        for of_rules, watches in self._by_types.items():
            if of_rules.isdisjoint(types):
                continue
            rows = range(len(events)) if types <= of_rules else [row for row, event in enumerate(events) if event.type in of_rules]
            columns = Columns(_only(rows, events), _only(rows, ats), self._horizon)
            for watch in watches:
                _note(watch.count(columns), rows, fates)
            for half in self._halves.get(of_rules, ()):
                _note_taken(half.take(columns), rows, fates)
        taken = ats if set(fates) == {TAKEN} else [at for at, fate in zip(ats, fates, strict=True) if fate == TAKEN]
        self.clock = max(self.clock, max(taken, default=0.0))
        if ats is not times:
            self._came_ahead([event for event, at, fate in zip(events, times, fates, strict=True) if at > now and fate == TAKEN], now)
        return fates

    def _came_ahead(self, events: Sequence[ProductEvent], now: float) -> None:
        for event in events:
            self.account.ahead += event.time.timestamp() - now > SKEW
            for types, watches in self._by_types.items():
                for watch in watches if event.type in types else ():
                    watch.came_ahead(event)

    # ── letting go ───────────────────────────────────────────────────────────────────────────

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


def _only(rows: Sequence[int], of: Sequence[T]) -> Sequence[T]:
    """Returns what stands in these rows; they are in order."""
    return of if len(rows) == len(of) else [of[row] for row in rows]


def _pieces(events: Sequence[ProductEvent], identities: Sequence[int]) -> Iterator[slice]:
    """Yields the rows of each piece of a batch.

    It ends where an identity comes again that another event of the piece has: which of the two counts is known after the first.
    """
    begins, known = 0, dict[tuple[int, int], ProductEvent]()
    for row, event in enumerate(events):
        key = identities[row], int(event.time.timestamp())
        if known.setdefault(key, event) != event:
            yield slice(begins, row)
            begins, known = row, {key: event}
    yield slice(begins, len(events))


def _spread(fates: list[int], rows: Sequence[int], over: list[int]) -> list[int]:
    """Returns the fates of all, of which these rows have got theirs."""
    if len(fates) == len(over):
        return fates
    for row, fate in zip(rows, fates, strict=True):
        over[row] = fate
    return over


def _note(verdict: Verdict, rows: Sequence[int], fates: list[int]) -> None:
    """Notes what one more rule says of these rows: what it takes is taken, and otherwise the most that any says counts."""
    if verdict.whole and len(rows) == len(fates):
        fates[:] = [TAKEN] * len(fates)
        return
    for share in verdict.shares.values():
        for row in share.rows:
            fates[rows[row]] = max(fates[rows[row]], verdict.left_out.get(row, TAKEN))


def _note_taken(said: Taken, rows: Sequence[int], fates: list[int]) -> None:
    """Notes the same of a rule on customers."""
    if fates.count(TAKEN) == len(fates):
        return
    for row in said.taken:
        fates[rows[row]] = TAKEN
    for row in said.late:
        fates[rows[row]] = max(fates[rows[row]], LATE)


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
