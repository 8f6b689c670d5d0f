"""What the fold lets go of, and when: by how far event time has come, and by number. Pure.

Event time is told by a partition's *clock*: the latest event time it has counted, which never runs ahead of ours.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Ages:
    """Where the clock stood when each key was last touched, the longest untouched first."""

    _touched: dict[int, float] = field(default_factory=dict)

    def touch(self, key: int, clock: float) -> None:
        self._touched.pop(key, None)
        self._touched[key] = clock

    def drop(self, key: int) -> None:
        self._touched.pop(key, None)

    def restore(self, touched: Iterable[tuple[int, float]]) -> None:
        """Takes back what was stored, in any order."""
        self._touched = dict(sorted(touched, key=lambda each: each[1]))

    def forget(self, before: float) -> list[int]:
        """Lets go of what was not touched since the clock was at `before`; returns it."""
        gone = []
        for key, touched in self._touched.items():
            if touched >= before:
                break  # the rest was touched later
            gone.append(key)
        for key in gone:
            del self._touched[key]
        return gone


@dataclass(slots=True)
class Mark:
    """What is stored of one component: all times are event time, seconds since the epoch."""

    watermark: float
    closed: float = 0.0  # events before it are late, because the identities of their time are forgotten
    ahead: float = 0.0  # the latest time of an event that came ahead of our clock, and was counted as of then


EVERY_OTHER = ""  # no component has this name: here stands what holds for those that are not known (any more)


@dataclass(slots=True)
class Components:
    """How far each component of one rule in one partition has come, and which of its events would be late.

    At most `limit` are known. One more displaces the one that has been without buckets for longest, or is refused when all have some.
    """

    limit: int
    horizon: float
    watermarks: dict[str, float] = field(default_factory=dict)  # component → latest event time
    _closed: dict[str, float] = field(default_factory=dict)
    _ahead: dict[str, float] = field(default_factory=dict)
    _buckets: dict[str, int] = field(default_factory=dict)  # component → how many it has
    _resting: dict[str, None] = field(default_factory=dict)  # those without, the longest first
    _unsaved: set[str] = field(default_factory=set)

    # ── an event came ────────────────────────────────────────────────────────────────────────

    def is_late(self, component: str, at: float, watermark: float) -> bool:
        """Whether an event that is no later than its component's watermark changes nothing any more."""
        return at < watermark - self.horizon or at < self._closed.get(component, 0.0)

    def is_late_for_all(self, at: float) -> bool:
        """The same of a component that is not known: it may have been, and its events forgotten."""
        return at <= self._closed.get(EVERY_OTHER, -1.0)

    def has_room(self) -> bool:
        """Whether one more component may come; makes room when it can."""
        while len(self.watermarks) >= self.limit and self._resting:
            self._displace(next(iter(self._resting)))
        return len(self.watermarks) < self.limit

    def _displace(self, component: str) -> None:
        reached, ahead = max(self.watermarks.pop(component), self._closed.pop(component, 0.0)), self._ahead.pop(component, 0.0)
        self._closed[EVERY_OTHER] = max(self._closed.get(EVERY_OTHER, 0.0), reached)
        if ahead > reached:  # as long as that event is known, it makes no other late
            self._ahead[EVERY_OTHER] = max(ahead, self._ahead.get(EVERY_OTHER, 0.0))
        del self._resting[component]
        self._unsaved |= {component, EVERY_OTHER}

    def came_ahead(self, component: str, at: float) -> None:
        """An event of time `at`, ahead of our clock, was counted as if it came in time."""
        self._ahead[component] = max(at, self._ahead.get(component, 0.0))
        self._unsaved.add(component)

    # ── buckets come and go ──────────────────────────────────────────────────────────────────

    def add_bucket(self, component: str) -> None:
        self._buckets[component] = self._buckets.get(component, 0) + 1
        self._resting.pop(component, None)

    def drop_bucket(self, component: str) -> int:
        """Returns how many are left."""
        self._buckets[component] -= 1
        left = self._buckets[component]
        if not left:
            del self._buckets[component]
            self._resting[component] = None
            self._unsaved.add(component)  # its watermark was stored with its buckets
        return left

    def close(self, start: float, end: float) -> None:
        """The identities of events from `start` to `end` are forgotten: what may be such an event is late from now on."""
        for component, watermark in self.watermarks.items():
            reached = max(watermark, self._ahead.get(component, 0.0))
            if reached >= start and watermark - self.horizon < end:
                self._closed[component] = max(end, self._closed.get(component, 0.0))
                self.watermarks[component] = max(watermark, min(reached, end))
                self._unsaved.add(component)
        if self._ahead.get(EVERY_OTHER, 0.0) >= start:
            self._closed[EVERY_OTHER] = max(end, self._closed.get(EVERY_OTHER, 0.0))
            self._unsaved.add(EVERY_OTHER)
        for component in [each for each, at in self._ahead.items() if at <= self.watermarks.get(each, self._closed.get(each, 0.0))]:
            del self._ahead[component]

    # ── a checkpoint ─────────────────────────────────────────────────────────────────────────

    def unsaved(self) -> dict[str, Mark | None]:
        """What changed since the last call beside watermarks, which go with the buckets; None: not known any more."""
        names, self._unsaved = self._unsaved, set()
        return {
            name: Mark(self.watermarks.get(name, 0.0), self._closed.get(name, 0.0), self._ahead.get(name, 0.0))
            if name in self.watermarks or name == EVERY_OTHER
            else None
            for name in names
        }

    def restore(self, component: str, mark: Mark) -> None:
        """Takes back what `unsaved` gave; buckets come after."""
        if component != EVERY_OTHER:
            self.watermarks[component] = mark.watermark
            self._resting[component] = None
        if mark.closed:
            self._closed[component] = mark.closed
        if mark.ahead:
            self._ahead[component] = mark.ahead
