"""How many tasks of one kind may be under way: what has taken long waits for somebody else, and holds up no other of its kind."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

SLOW_AFTER = 1.0  # seconds

Task = asyncio.Task[None]


@dataclass
class Places:
    """The places of one kind of work; `beside`: so many tasks may go on without one, once they have taken a second."""

    beside: int = 0
    _begun: deque[tuple[float, Task]] = field(default_factory=deque)  # within the last second, the oldest first
    _under_way: set[Task] = field(default_factory=set)
    _slow: set[Task] = field(default_factory=set)

    def take(self, task: Task) -> None:
        """The task has a place from now on."""
        self._under_way.add(task)
        self._begun.append((time.monotonic(), task))

    def give_back(self, task: Task) -> None:
        """The task is done."""
        self._under_way.discard(task)
        self._slow.discard(task)

    def taken(self) -> int:
        """Returns how many places are taken now."""
        slow_since = time.monotonic() - SLOW_AFTER
        while self._begun and self._begun[0][0] <= slow_since:
            _, task = self._begun.popleft()
            if task in self._under_way:
                self._slow.add(task)
        return len(self._under_way) - min(len(self._slow), self.beside)
