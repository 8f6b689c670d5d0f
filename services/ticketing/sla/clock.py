"""The first-response clock of a ticket: when it warns, and when its deadline is missed. Pure.

Clocks run in wall time. A calendar of working hours will replace `_after`, and nothing else.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_RESPONSE = "first_response"

# A request's own time comes from somebody else's clock: within this much of ours, that clock is taken to be wrong and the request new.
SKEW = timedelta(minutes=10)


class Milestone(StrEnum):
    """A milestone that a running clock reaches."""

    WARNING = "warning"  # the deadline is near and can still be kept
    BREACH = "breach"  # the deadline is missed for good


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise about one ticket."""

    started_at: datetime
    warn_at: datetime
    due_at: datetime
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    stopped_at: datetime | None = None
    answered_by: str | None = None  # None when it was stopped without an answer
    answered_automatically: bool = False


def start(written_at: datetime, now: datetime, target: timedelta, warn_at: float) -> Clock:
    """Returns a clock that has run since the request came in, or since it was written when that is long ago.

    `warn_at` is the part of the target after which the clock warns. A clock whose target is over already
    is breached from the start and never warns.
    """
    started_at = written_at if now - written_at > SKEW else now
    due_at = _after(started_at, target)
    return Clock(started_at, _after(started_at, target * warn_at), due_at, breached_at=due_at if due_at <= now else None)


def reached(clock: Clock, now: datetime) -> Milestone | None:
    """Returns the milestone that the clock has reached by now and that was not reported before."""
    if clock.stopped_at is not None or clock.breached_at is not None:
        return None
    if now >= clock.due_at:
        return Milestone.BREACH
    return Milestone.WARNING if now >= clock.warn_at and clock.warned_at is None else None


def stop(clock: Clock, at: datetime, by: str | None, *, automatically: bool = False) -> Clock:
    """Returns the clock, stopped by the first answer. An answer after the deadline breaches it, even if no timer has noticed yet."""
    if clock.stopped_at is not None:
        return clock
    late = clock.breached_at is None and at >= clock.due_at
    breached_at = clock.due_at if late else clock.breached_at
    return replace(clock, stopped_at=at, answered_by=by, answered_automatically=automatically, breached_at=breached_at)


def _after(started_at: datetime, span: timedelta) -> datetime:
    return started_at + span
