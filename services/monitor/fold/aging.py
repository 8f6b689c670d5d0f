"""The fold forgets what is old by event time, and what exceeds a limit. Pure.

Event time is told by a partition's *clock*: the latest event time it has counted, which never runs ahead of ours.
"""

from collections import deque
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass, field
from itertools import repeat
from operator import itemgetter
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class Ages(Generic[K]):
    """Knows where the clock stood when each key last changed; the key that changed longest ago is first."""

    _touched: dict[K, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._touched)

    def touch(self, key: K, clock: float) -> None:
        self._touched.pop(key, None)
        self._touched[key] = clock

    def touch_all(self, keys: Collection[K], clock: float) -> None:
        """Does the same for many keys, all of which are different, without a step of Python for each."""
        deque(map(self._touched.pop, keys, repeat(None)), maxlen=0)
        self._touched |= dict.fromkeys(keys, clock)

    def drop(self, key: K) -> None:
        self._touched.pop(key, None)

    def restore(self, touched: Iterable[tuple[K, float]]) -> None:
        """Takes back what was stored, in any order."""
        self._touched = dict(sorted(touched, key=itemgetter(1)))

    def pop_oldest(self) -> K:
        """Forgets the key that changed longest ago and returns it; there must be one."""
        key = next(iter(self._touched))
        del self._touched[key]
        return key

    def forget(self, before: float) -> list[K]:
        """Forgets the keys that have not changed since the clock was at `before`; returns them."""
        gone = []
        for key, touched in self._touched.items():
            if touched >= before:
                break  # the rest changed later
            gone.append(key)
        for key in gone:
            del self._touched[key]
        return gone


@dataclass(slots=True)
class Mark:
    """The stored state of one component. All times are event time, seconds since the epoch."""

    watermark: float
    closed: float = 0.0  # events before it are late, because the identities of their time are forgotten
    ahead: float = 0.0  # the latest time of an event that came ahead of our clock, and was counted as of then


EVERY_OTHER = ""  # no component has this name: here stands what holds for those that are not known (any more)


@dataclass(slots=True)
class Components:
    """Watermarks: how far each component of one rule in one partition has come. They decide which of its events are late.

    Those that somebody `named` are always known. Of the others, the strangers, at most `limit` are. One more displaces the one that
    has been without buckets for longest, or is refused when all have some; one that is without for long enough is forgotten.
    """

    limit: int
    horizon: float
    watermarks: dict[str, float] = field(default_factory=dict)  # component → latest event time
    named: frozenset[str] = frozenset()
    closed: dict[str, float] = field(default_factory=dict)  # component → before which time its events are late
    _held: set[str] = field(default_factory=set)  # strangers that may not go, since they have an open incident
    _strangers: set[str] = field(default_factory=set)  # those that are known
    _ahead: dict[str, float] = field(default_factory=dict)
    _buckets: dict[str, int] = field(default_factory=dict)  # component → how many it has
    _resting: Ages[str] = field(default_factory=Ages)  # strangers that may go: they have no buckets
    _unsaved: set[str] = field(default_factory=set)

    # ── an event came ────────────────────────────────────────────────────────────────────────

    def is_late(self, component: str, at: float, watermark: float) -> bool:
        """Says whether an event that is no later than its component's watermark changes nothing any more."""
        return at < watermark - self.horizon or self.is_closed(component, at)

    def is_closed(self, component: str, at: float) -> bool:
        """Says whether the identities of that time are forgotten: whether the event came before is not known."""
        return at < self.closed.get(component, 0.0)

    def is_late_for_all(self, component: str, at: float) -> bool:
        """Says the same of a component that is not known: a stranger may have been, and its events forgotten."""
        return at <= self.closed.get(EVERY_OTHER, -1.0) and component not in self.named

    def has_room(self, component: str) -> bool:
        """Says whether one more component may come; makes room when it can."""
        if component in self.named or component in self._held:
            return True
        while len(self._strangers) >= self.limit and len(self._resting):
            self._forget(self._resting.pop_oldest())
        return len(self._strangers) < self.limit

    def reach(self, component: str, at: float) -> None:
        """Advances the watermark of a component, known or new."""
        self.watermarks[component] = max(at, self.watermarks.get(component, 0.0))
        if component not in self.named:
            self._strangers.add(component)

    def _forget(self, component: str) -> None:
        reached, ahead = max(self.watermarks.pop(component), self.closed.pop(component, 0.0)), self._ahead.pop(component, 0.0)
        self.closed[EVERY_OTHER] = max(self.closed.get(EVERY_OTHER, 0.0), reached)
        if ahead > reached:  # as long as that event is known, it makes no other late
            self._ahead[EVERY_OTHER] = max(ahead, self._ahead.get(EVERY_OTHER, 0.0))
        self._strangers.remove(component)
        self._unsaved |= {component, EVERY_OTHER}

    def came_ahead(self, component: str, at: float) -> None:
        """Notes that an event of time `at`, ahead of our clock, was counted as if it came in time."""
        self._ahead[component] = max(at, self._ahead.get(component, 0.0))
        self._unsaved.add(component)

    # ── buckets come and go ──────────────────────────────────────────────────────────────────

    def add_bucket(self, component: str) -> None:
        self._buckets[component] = self._buckets.get(component, 0) + 1
        self._resting.drop(component)

    def drop_bucket(self, component: str, clock: float) -> int:
        """Returns how many are left. `clock`: the partition's."""
        self._buckets[component] -= 1
        left = self._buckets[component]
        if not left:
            del self._buckets[component]
            self._rest(component, clock)
            self._unsaved.add(component)  # its watermark was stored with its buckets
        return left

    def _rest(self, component: str, clock: float) -> None:
        if component in self._strangers and component not in self._held and component not in self._buckets:
            self._resting.touch(component, clock)

    def hold(self, component: str) -> None:
        """Keeps a component that has an open incident: no limit applies to it, and it is not forgotten."""
        self._held.add(component)
        self._resting.drop(component)

    def release(self, component: str, clock: float) -> None:
        """Keeps it no more."""
        self._held.discard(component)
        self._rest(component, clock)

    def forget(self, before: float) -> None:
        """Forgets the strangers that have been without buckets since the clock was at `before`."""
        for component in self._resting.forget(before):
            self._forget(component)

    def close(self, start: float, end: float) -> None:
        """Notes that the identities of events from `start` to `end` are forgotten: an event that may be one of them is late from now on."""
        for component, watermark in self.watermarks.items():
            reached = max(watermark, self._ahead.get(component, 0.0))
            if reached >= start and watermark - self.horizon < end:
                self.closed[component] = max(end, self.closed.get(component, 0.0))
                self.watermarks[component] = max(watermark, min(reached, end))
                self._unsaved.add(component)
        if self._ahead.get(EVERY_OTHER, 0.0) >= start:
            self.closed[EVERY_OTHER] = max(end, self.closed.get(EVERY_OTHER, 0.0))
            self._unsaved.add(EVERY_OTHER)
        for component in [each for each, at in self._ahead.items() if at <= self.watermarks.get(each, self.closed.get(each, 0.0))]:
            del self._ahead[component]

    # ── a checkpoint ─────────────────────────────────────────────────────────────────────────

    def unsaved(self) -> dict[str, Mark | None]:
        """Returns what changed since the last call, but for watermarks, which are stored with the buckets; None: not known any more."""
        names, self._unsaved = self._unsaved, set()
        return {
            name: Mark(self.watermarks.get(name, 0.0), self.closed.get(name, 0.0), self._ahead.get(name, 0.0))
            if name in self.watermarks or name == EVERY_OTHER
            else None
            for name in names
        }

    def restore(self, component: str, mark: Mark, clock: float) -> None:
        """Takes back what `unsaved` gave; buckets come after. `clock`: the partition's."""
        if component != EVERY_OTHER:
            self.reach(component, mark.watermark)
            self._rest(component, clock)
        if mark.closed:
            self.closed[component] = mark.closed
        if mark.ahead:
            self._ahead[component] = mark.ahead
