"""The promise of a first response: its clock, when it warns, and when it is broken. Pure.

Wall time. A calendar of working hours will replace `_after`, and nothing else.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_RESPONSE = "first_response"

# A request's own time is somebody else's clock: within this much of ours the clock is believed to be wrong, not the request old.
SKEW = timedelta(minutes=10)


class Ring(StrEnum):
    """What the passing of time has made of a clock."""

    WARNING = "warning"  # nearly missed, and can still be kept
    BREACH = "breach"  # missed, for good


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise about one ticket."""

    started_at: datetime
    warn_at: datetime
    due_at: datetime
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    stopped_at: datetime | None = None
    answered_by: str | None = None


def start(written_at: datetime, now: datetime, target: timedelta, warn_at: float) -> Clock:
    """A clock that runs since the request came, or since it was written when that is long ago.

    `warn_at` is the part of the target after which to warn. One whose time is over already is
    breached from the start, and does not warn of what cannot be kept.
    """
    started_at = written_at if now - written_at > SKEW else now
    due_at = _after(started_at, target)
    return Clock(started_at, _after(started_at, target * warn_at), due_at, breached_at=due_at if due_at <= now else None)


def ring(clock: Clock, now: datetime) -> Ring | None:
    """What there is to say about the clock now that was not said before."""
    if clock.stopped_at is not None or clock.breached_at is not None:
        return None
    if now >= clock.due_at:
        return Ring.BREACH
    return Ring.WARNING if now >= clock.warn_at and clock.warned_at is None else None


def stop(clock: Clock, at: datetime, by: str | None) -> Clock:
    """The clock, stopped by the first answer: a late one has missed the promise, whether or not that was noticed yet."""
    if clock.stopped_at is not None:
        return clock
    late = clock.breached_at is None and at >= clock.due_at
    return replace(clock, stopped_at=at, answered_by=by, breached_at=clock.due_at if late else clock.breached_at)


def _after(started_at: datetime, span: timedelta) -> datetime:
    return started_at + span
