"""Says why an incident touches one customer, or why not, from what monitor remembers: it says so where it does not know. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.monitor.aggregates.counts import Counting, Purpose
from services.monitor.incidents.life import IncidentRow, moment


class Because(StrEnum):
    """The reason why an incident touches a customer or not."""

    CONFIRMED = "confirmed"  # their own events failed, or an alert names them
    LIKELY = "likely"  # they used the component, and nothing of theirs has failed
    ADDED = "added"  # a person says so
    REMOVED = "removed"  # a person says that it does not
    ERASED = "erased"  # they asked to be forgotten
    BELOW = "below"  # fewer of their events failed than the rule asks for
    OUTSIDE = "outside"  # their events failed before its first window, or after its end
    ELSEWHERE = "elsewhere"  # their events failed at other components
    NONE = "none"  # no event of theirs that counts for the rule is remembered as bad
    SOON = "soon"  # they fit, and are said at the next checkpoint
    UNKNOWN = "unknown"  # monitor does not remember that time, or counted by another rule then


@dataclass(frozen=True, slots=True)
class Impact:
    """What is written down of one customer and an incident."""

    certainty: str
    first_seen_at: datetime
    last_seen_at: datetime
    count: int
    said_by: str | None
    reason: str
    taken_out_at: datetime | None


@dataclass(frozen=True, slots=True)
class Streak:
    """The latest bad events in a row of one customer at one component, as they were counted; of a rule on uses, the uses."""

    counting: Counting
    component: str
    first: float  # seconds of event time
    last: float
    count: int


@dataclass(frozen=True, slots=True)
class Known:
    """All that monitor knows of one customer and an incident."""

    impact: Impact | None
    erased_at: datetime | None
    countings: Sequence[Counting]  # by which the rule counts now; none: it is gone
    streaks: Sequence[Streak]  # counted by one of these
    horizon: timedelta  # how late an event may be


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether an incident touches a customer, and why."""

    touched: bool | None  # None: it is not known
    because: Because
    words: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


def why(incident: IncidentRow, known: Known, now: datetime) -> Answer:
    """Returns why the incident touches the customer, or why not."""
    if known.impact is not None:
        return _of_impact(known.impact)
    if known.erased_at is not None:
        words = "They were erased: nothing is remembered of them, and what was written down is deleted."
        return Answer(None, Because.ERASED, words, {"erased_at": known.erased_at})
    if not known.countings:
        return Answer(None, Because.UNKNOWN, "The rule that opened it is gone, and what it counted with it.")
    return _of_streaks(incident, known, now)


def _of_impact(impact: Impact) -> Answer:
    evidence = {"first_seen_at": impact.first_seen_at, "last_seen_at": impact.last_seen_at, "count": impact.count}
    if impact.taken_out_at is not None:
        words = "A person took them out: whatever their events say, it does not touch them."
        return Answer(False, Because.REMOVED, words, _said(impact) | {"at": impact.taken_out_at} | evidence)
    if impact.said_by is not None:
        return Answer(True, Because.ADDED, "A person says that it touches them.", _said(impact) | evidence)
    if impact.certainty == "likely":
        return Answer(True, Because.LIKELY, "They used the component, and nothing of theirs has failed.", evidence)
    return Answer(True, Because.CONFIRMED, "Their own events failed, or an alert names them.", evidence)


def _said(impact: Impact) -> dict[str, Any]:
    return {"by": impact.said_by, "reason": impact.reason}


def _of_streaks(incident: IncidentRow, known: Known, now: datetime) -> Answer:
    """Returns what the counts say of a customer who is not written down as touched."""
    here = [each for each in known.streaks if each.component == incident.component]
    answers = [answer for each in here if (answer := _of_streak(incident, each)) is not None]
    if answers:
        return min(answers, key=lambda each: each.because != Because.BELOW)
    if here:
        if incident.ended_at is None:
            return Answer(None, Because.SOON, "They fit what the rule asks for: the next checkpoint, within a second, says so.")
        return Answer(None, Because.UNKNOWN, "They fit by what is remembered now, and were not found then: why is not known.")
    if _is_forgotten(incident, known, now):
        return Answer(None, Because.UNKNOWN, "It is over for longer than single customers are remembered.")
    elsewhere = sorted({each.component for each in known.streaks})
    if elsewhere:
        words = "No bad event of theirs was of this component; there were some at others."
        return Answer(False, Because.ELSEWHERE, words, {"components": elsewhere})
    words = (
        "No bad event of theirs that the rule counts is remembered. Of events that came later than the horizon, or that named no customer,"
        " it is not known whose they were."
    )
    return Answer(False, Because.NONE, words, {"horizon_s": known.horizon.total_seconds()})


def _of_streak(incident: IncidentRow, streak: Streak) -> Answer | None:
    """Returns why the incident does not touch whose streak this is; None when it fits."""
    since = incident.started_at.timestamp() - streak.counting.shortest
    seen = {"first_seen_at": moment(streak.first), "last_seen_at": moment(streak.last), "count": streak.count}
    what = "uses" if streak.counting.purpose is Purpose.USES else "bad events"
    if streak.count < streak.counting.at_least:
        words = f"They had {streak.count} {what} in a row, and the rule asks for {streak.counting.at_least}."
        return Answer(False, Because.BELOW, words, seen | {"at_least": streak.counting.at_least})
    if streak.last < since or (incident.ended_at is not None and streak.first > incident.ended_at.timestamp()):
        words = f"Their latest {what} were {'before the window that it began with' if streak.last < since else 'after its end'}."
        return Answer(False, Because.OUTSIDE, words, seen | {"since": moment(since), "until": incident.ended_at})
    return None


def _is_forgotten(incident: IncidentRow, known: Known, now: datetime) -> bool:
    """Says whether a streak of the incident's time may have been forgotten since."""
    kept = known.horizon + timedelta(seconds=max(each.window for each in known.countings))
    return incident.ended_at is not None and now - incident.ended_at > kept
