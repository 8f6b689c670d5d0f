"""The detecting side forgets the windows of strangers that were quiet for long, or that are too many. Pure.

A stranger is a component that neither `catalog.yml` nor its rule's `only` names. One that has an open incident stays.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.monitor.fold.aging import Ages
from services.monitor.fold.watch import QUIET

HEARD_WITHIN = 600.0  # seconds of the wall clock after which a partition that says nothing holds back no clock

Key = tuple[str, str]  # rule, component
Of = tuple[str, int]  # rule, partition of the partials


@dataclass(slots=True)
class Strangers:
    """The strangers that one process judges, by when they were last heard: the longest ago first."""

    named: Mapping[str, frozenset[str]]  # rule → the components that are no strangers to it
    limit: int  # of one rule in one partition of the partials
    _heard: dict[Of, Ages[str]] = field(default_factory=dict)
    _come: dict[int, tuple[float, float]] = field(default_factory=dict)  # partition of the events → its event time, and when it said so

    def restore(self, known: Iterable[tuple[Key, int, float]]) -> None:
        """Begins anew with these: key, partition of the partials and watermark. Quiet is counted from the latest of all they show."""
        self._heard, self._come = {}, {}
        oldest_first = sorted(known, key=lambda each: each[2])
        latest = oldest_first[-1][2] if oldest_first else 0.0
        for key, home, _ in oldest_first:
            self._touch(key, home, latest)

    def hear(self, key: Key, home: int, partition: int, watermark: float, now: float) -> None:
        """Notes that a partition of the events has said something of a component. `now`: the wall clock, seconds since the epoch."""
        self.come(partition, watermark, now)
        self._touch(key, home, self._clock(now))

    def come(self, partition: int, clock: float, now: float) -> None:
        """Notes that the event time of a partition of the events has come so far."""
        come, _ = self._come.get(partition, (0.0, 0.0))
        self._come[partition] = max(come, min(clock, now)), now

    def touch(self, key: Key, home: int, now: float) -> None:
        """Notes that something of a component was said that is no matter of event time."""
        self._touch(key, home, now)

    def _touch(self, key: Key, home: int, clock: float) -> None:
        rule, component = key
        if component not in self.named.get(rule, ()):
            self._heard.setdefault((rule, home), Ages()).touch(component, clock)

    def _clock(self, now: float) -> float:
        """Returns how far event time has come in every partition that speaks: what one of them still publishes must meet its window."""
        return min((come for come, said in self._come.values() if now - said <= HEARD_WITHIN), default=0.0)

    def forget_quiet(self, now: float) -> list[Key]:
        """Forgets those that were quiet for long, and of those above the limit the quietest; returns them."""
        gone, before = [], self._clock(now) - QUIET
        for (rule, home), ages in list(self._heard.items()):
            components = ages.forget(before)
            while len(ages) > self.limit:
                components.append(ages.pop_oldest())
            gone += [(rule, component) for component in components]
            if not len(ages):
                del self._heard[rule, home]
        return gone

    def keep(self, key: Key, home: int, now: float) -> None:
        """Keeps one that was to be forgotten: it may come up for that again after as long a time."""
        self._touch(key, home, self._clock(now))
