"""The circuit breaker of each destination: one that fails five times in a row is left alone for a while, then asked once. Pure.

Its memory is that of one process. `now` is when the call in question begins or has ended.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

OPEN_AFTER = 5  # failures in a row
OPEN_FOR = timedelta(seconds=30)
MOST = 10_000  # destinations that fail at the moment: beyond them the oldest is forgotten, which costs it nothing but a call


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    until: datetime | None = None  # set: it is open


class Circuits:
    """Holds the circuits of those destinations whose last call failed."""

    def __init__(self) -> None:
        self._failing: dict[str, _Circuit] = {}

    def wait(self, destination: str, now: datetime) -> timedelta | None:
        """Returns how long not to call it; None: go ahead, because it is closed or as the one probe."""
        circuit = self._failing.get(destination)
        if circuit is None or circuit.until is None:
            return None
        if now < circuit.until:
            return circuit.until - now
        circuit.until = now + OPEN_FOR  # half-open: the others wait for what this call finds
        return None

    def learn(self, destination: str, now: datetime, *, taken: bool) -> None:
        """Learns what came of a call."""
        if taken:
            self._failing.pop(destination, None)
            return
        circuit = self._failing.pop(destination, None) or _Circuit()
        circuit.failures += 1
        if circuit.failures >= OPEN_AFTER:
            circuit.until = now + OPEN_FOR
        self._failing[destination] = circuit
        if len(self._failing) > MOST:
            del self._failing[next(iter(self._failing))]
