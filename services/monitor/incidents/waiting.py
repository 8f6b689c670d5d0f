"""Which open incidents the passing of event time alone may end, and from when on: until then a silent component costs nothing. Pure."""

import heapq
import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from services.monitor.incidents.life import State
from services.monitor.rules.components import ComponentRule
from services.monitor.windows.window import Window

K = TypeVar("K", bound=Hashable)


def due_at(rule: ComponentRule, state: State, window: Window) -> float:
    """Returns from which event time on another window may decide something, though no event comes; infinity: none does.

    While a window holds buckets, the next one may say something else. An empty one says that all is well only where the rule asks for no
    evidence, and then the calm must last.
    """
    if state.incident_id is None:
        return math.inf
    following = state.judged_to + rule.width
    if following <= max(window.buckets, default=0) + rule.counting.buckets * rule.width:
        return following
    if rule.evidence:
        return math.inf
    return following if state.calm_since is None else max(following, state.calm_since + rule.resolve.calm.total_seconds())


@dataclass(slots=True)
class Waiting(Generic[K]):
    """The keys of what is due at an event time, by the shard whose clocks tell how far it has come."""

    _due: dict[K, float] = field(default_factory=dict)
    _heaps: dict[str, list[tuple[float, K]]] = field(default_factory=dict)

    def plan(self, shard: str, key: K, at: float) -> None:
        """Has the key due at that time and no other; infinity: never."""
        if at == math.inf:
            self._due.pop(key, None)
        elif self._due.get(key) != at:
            self._due[key] = at
            heapq.heappush(self._heaps.setdefault(shard, []), (at, key))

    def take_due(self, shard: str, reached: float) -> list[K]:
        """Returns the keys that are due when time has come so far; they are planned no more."""
        heap, due = self._heaps.get(shard, []), []
        while heap and heap[0][0] <= reached:
            at, key = heapq.heappop(heap)
            if self._due.get(key) == at:
                del self._due[key]
                due.append(key)
        return due
