"""Computes an exponential backoff: while a dependency is away, nothing is tried for 1 s, doubling to at most 30 s."""

import time

LONGEST = 30.0  # seconds


class Pause:
    """Says how long to wait before the next try, and counts how many have failed since one succeeded."""

    def __init__(self) -> None:
        self._failures, self._until = 0, 0.0

    def begin(self) -> float:
        """Records that a try has failed, and returns the seconds to wait before the next one."""
        seconds = min(2.0 ** min(self._failures, 5), LONGEST)
        self._failures += 1
        self._until = time.monotonic() + seconds
        return seconds

    def end(self) -> None:
        """Lets the next try begin at once."""
        self._until = 0.0

    def succeeded(self) -> None:
        """Makes the next pause a short one again."""
        self._failures = 0

    @property
    def left(self) -> float:
        """Returns the seconds until the next try; 0 when it may begin now."""
        return max(self._until - time.monotonic(), 0.0)
