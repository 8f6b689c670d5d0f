"""The circuit breaker of delivery: while the relay refuses us, no message can go, so one in a while tries and the others wait.

Its memory is that of one process and survives no restart: a process that has just started finds out anew.
"""

from datetime import datetime, timedelta

from services.notifier.channels.outcome import Failed, Outcome, Refusal, Retry, Trouble
from services.notifier.deciding.policy import Retries

PROBE = timedelta(seconds=10)  # so long the others wait for what a probe finds


class Breaker:
    """Closed while messages go; open after so many refusals by the relay in a row. `now` is when the try in question began."""

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._refusals = 0  # in a row
        self._probes = 0  # refused since it opened
        self._probe_at: datetime | None = None  # when the latest probe began
        self._until: datetime | None = None  # set: it is open
        self.since: datetime | None = None  # when it opened

    @property
    def is_open(self) -> bool:
        return self._until is not None

    @property
    def next_at(self) -> datetime | None:
        """Returns when one asks again, while it is open."""
        return self._until

    def wait_until(self, now: datetime) -> datetime | None:
        """Returns when to ask again; None: go ahead, because it is closed or as the one probe."""
        if self._until is None or now < self._until:
            return self._until
        self._probe_at, self._until = now, now + PROBE
        return None

    def learn(self, outcome: Outcome, now: datetime) -> None:
        """Learns from a try: any answer about a recipient means that the relay lets us in."""
        match outcome:
            case Retry(reason=Trouble.RELAY | Trouble.UNREACHABLE) if self.is_open:
                if self._probe_at is not None and now >= self._probe_at:  # else it was under way when delivery paused
                    self._probes += outcome.reason is Trouble.RELAY
                    self._until = now + min(self._retries.pause_at_first * (1 << min(self._probes, 20)), self._retries.pause_at_most)
            case Retry(reason=Trouble.RELAY):
                self._refusals += 1
                if self._refusals >= self._retries.relay_refusals:
                    self._until, self.since = now + self._retries.pause_at_first, self.since or now
            case Retry(reason=Trouble.UNREACHABLE | Trouble.MALFORMED) | Failed(reason=Refusal.UNSUPPORTED):
                pass  # whether the relay lets us in is not known
            case _:
                self._refusals, self._probes, self._probe_at, self._until, self.since = 0, 0, None, None, None
