"""Exponential backoff: while something we depend on is away, nothing is tried for 1 s, doubling to at most 30 s."""

import time

LONGEST = 30.0  # seconds


class Pause:
    """How long tries are left alone, and how many have failed since one succeeded."""

    def __init__(self) -> None:
        self._failures, self._until = 0, 0.0

    def begin(self) -> float:
        """A try has failed: the next one waits for so many seconds."""
        seconds = min(2.0 ** min(self._failures, 5), LONGEST)
        self._failures += 1
        self._until = time.monotonic() + seconds
        return seconds

    def end(self) -> None:
        """The next try may begin at once."""
        self._until = 0.0

    def succeeded(self) -> None:
        """The next pause is a short one again."""
        self._failures = 0

    @property
    def left(self) -> float:
        """Seconds until the next try; 0 when nothing holds it up."""
        return max(self._until - time.monotonic(), 0.0)
