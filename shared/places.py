"""How many tasks of one kind are under way: one that waits for somebody slow gives its place to another of its kind."""

import asyncio
import time
from dataclasses import dataclass, field
from math import inf

Task = asyncio.Task[None]


@dataclass
class Places:
    """The places of one kind of work; `beside`: at most so many tasks go on without one."""

    beside: int = 0
    _under_way: set[Task] = field(default_factory=set)
    _slow: set[Task] = field(default_factory=set)
    _left_at: float = -inf  # monotonic seconds

    @property
    def taken(self) -> int:
        return len(self._under_way) - min(len(self._slow), self.beside)

    def take(self, task: Task) -> None:
        """The task has a place from now on."""
        self._under_way.add(task)

    def give_way(self, task: Task) -> None:
        """The task waits for somebody slow, and goes on without a place."""
        if task in self._under_way:
            self._slow.add(task)

    def give_back(self, task: Task) -> None:
        """The task is done."""
        self._under_way.discard(task)
        self._slow.discard(task)
        self._left_at = time.monotonic()

    def were_taken_within(self, seconds: float) -> bool:
        """Says whether any is taken, or was that long ago at most."""
        return self.taken > 0 or time.monotonic() - self._left_at < seconds
