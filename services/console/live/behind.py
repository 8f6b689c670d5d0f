"""Measures by how many seconds the read model is behind the topics: the age of the oldest record that is not in it yet.

Each second it notes where the topics end. What ended there then, and is not read by now, has waited at least since.
"""

import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.console.metrics import BEHIND
from shared.stream import Stream

KEPT = 3600  # notes: beyond an hour the oldest stands for all before it


@dataclass
class Reached:
    """Remembers where a topic ended, and when. Pure."""

    ends: deque[tuple[float, float]] = field(default_factory=deque)  # (moment, end), both rising

    def note(self, now: float, read: int, lag: int | None) -> None:
        """Takes how many records are read and how many wait; None: that is not known, and counts as waiting."""
        end = math.inf if lag is None else read + lag
        while self.ends and min(self.ends[0][1], end) <= read:
            self.ends.popleft()
        if self.ends and self.ends[0][1] > end:  # it was not known, or partitions have gone to another instance
            self.ends = deque([(self.ends[0][0], end)])
        if end > read and len(self.ends) < KEPT and (not self.ends or self.ends[-1][1] < end):
            self.ends.append((now, end))

    def behind(self, now: float) -> float:
        """Returns the seconds that the oldest record has waited, 0 when none waits."""
        return now - self.ends[0][0] if self.ends else 0.0


class Behind:
    """Measures the streams of this process, once a second."""

    every = 1.0

    def __init__(self, streams: Sequence[Stream]) -> None:
        self._reached = {stream: Reached() for stream in streams}
        self.seconds = 0.0

    async def once(self) -> None:
        now = time.monotonic()
        for stream, reached in self._reached.items():
            lag = await stream.lag()
            reached.note(now, stream.committed(), lag)
        self.seconds = max((reached.behind(now) for reached in self._reached.values()), default=0.0)
        BEHIND.set(self.seconds)
