"""Watches whether the event loop is free: how late it wakes, and where it is busy when no other task gets a turn.

Everything of a process runs on one loop. What keeps it for longer than Kafka's session timeout makes the process fall out of
its consumer groups, and while it is kept no health check is answered either.
"""

import logging
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from shared import metrics

log = logging.getLogger(__name__)

EVERY = 0.05  # seconds between two looks: what keeps the loop for longer is seen
TOO_LONG = 1.0  # seconds without a turn after which the log says where the loop is busy
FRAMES = 5  # of the stack, the innermost last


class LoopLag:
    """Measures for `shared/observing/measuring.py` how much later each check comes than it was due."""

    def __init__(self, every: float = EVERY, too_long: float = TOO_LONG) -> None:
        self.every = every
        self._too_long = too_long
        self._turn_at = time.monotonic()
        self._due_at: float | None = None

    async def once(self) -> None:
        self._turn_at = time.monotonic()
        if self._due_at is not None:
            metrics.LOOP_LAG.observe(max(self._turn_at - self._due_at, 0.0))
        self._due_at = self._turn_at + self.every

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Logs once, from a thread, where the loop is busy each time it gets no turn for too long. Call it on the loop's own thread."""
        ended, busy = threading.Event(), threading.get_ident()
        self._turn_at = time.monotonic()
        thread = threading.Thread(target=self._watch, args=(busy, ended), name="loop-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _watch(self, busy: int, ended: threading.Event) -> None:
        said: float | None = None
        while not ended.wait(self._too_long / 4):
            turn_at = self._turn_at
            if turn_at != said and time.monotonic() - turn_at > self._too_long:
                said = turn_at
                log.warning("the event loop has had no turn for %.1f s; it is at %s", time.monotonic() - turn_at, _where(busy))


def _where(thread: int) -> str:
    """Returns the innermost frames of a thread, without what they hold."""
    frame = sys._current_frames().get(thread)
    stack = traceback.extract_stack(frame)[-FRAMES:] if frame else []
    return " > ".join(f"{each.filename.rpartition('/')[2]}:{each.lineno} {each.name}" for each in stack)
