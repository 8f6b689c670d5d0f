"""When maintenance runs, once or again and again (RFC 5545), and what becomes of it as time passes or a person changes it. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice, pairwise
from typing import Any, cast
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

LONGEST = timedelta(days=31)  # of one period
AHEAD = timedelta(days=3650)  # how far ahead the first period may lie, and how long after it a maintenance repeats
LOOKED_AT = 100  # periods of which it is checked that none begins before the one before it is over
A_DAY = timedelta(days=1)  # more than any zone changes its clocks by
ALONE = 1_000_000  # days, weeks, months or years between two that a rule looks at, so that it looks at those of the first period alone

# The parts of a rule that are read. None of them is about hours: a period begins at the time of day at which the first one does.
PARTS = {
    name: re.compile(pattern)
    for name, pattern in {
        "FREQ": r"DAILY|WEEKLY|MONTHLY|YEARLY",
        "INTERVAL": r"[1-9][0-9]{0,2}",
        "UNTIL": r"[0-9]{8}(T[0-9]{6}Z?)?",
        "BYDAY": r"[+-]?[0-9]{0,2}(MO|TU|WE|TH|FR|SA|SU)(,[+-]?[0-9]{0,2}(MO|TU|WE|TH|FR|SA|SU)){0,20}",
        "BYMONTHDAY": r"-?[0-9]{1,2}(,-?[0-9]{1,2}){0,30}",
        "BYMONTH": r"[0-9]{1,2}(,[0-9]{1,2}){0,11}",
        "BYSETPOS": r"-?[0-9]{1,3}(,-?[0-9]{1,3}){0,10}",
        "WKST": r"MO|TU|WE|TH|FR|SA|SU",
    }.items()
}
UNTIL = re.compile(r"UNTIL=(\d{8})(?:T(\d{6})(Z?))?")


class Status(StrEnum):
    """How a maintenance stands. One that repeats is planned again after each period."""

    PLANNED = "planned"  # → running, cancelled
    RUNNING = "running"  # → over, cancelled
    OVER = "over"  # → planned, while it repeats
    CANCELLED = "cancelled"  # by a person, for good


@dataclass(frozen=True, slots=True)
class Period:
    """One time at which maintenance runs. It ends before `ends_at`."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """The periods of a maintenance. Each lasts as long as the first one, and begins at its time of day in the zone.

    A time of day that clocks leave out is read with the offset of before (RFC 5545, 3.3.5); of one that comes twice the first is meant.
    """

    first: Period
    repeat: str | None = None
    zone: str = "UTC"

    def comes(self) -> Iterator[Period]:
        """Yields every period, the earliest first."""
        yield from self._from(self.first.starts_at)

    def next(self, now: datetime, after: datetime | None = None) -> Period | None:
        """Returns the first period that is not over, and starts after that moment; None when there is none."""
        lasts = self.first.ends_at - self.first.starts_at
        came = self._from(max(now - lasts, self.first.starts_at))
        return next((each for each in came if each.ends_at > now and (after is None or each.starts_at > after)), None)

    def names_its_first(self) -> bool:
        """Says whether the first period is one of those that the rule names. Only such a rule is walked: one without any has no end."""
        if self.repeat is None:
            return True
        zone = ZoneInfo(self.zone)
        named = next(iter(self._rule(zone).replace(interval=ALONE)), None)
        return named == self.first.starts_at.astimezone(zone).replace(tzinfo=None)

    def _from(self, moment: datetime) -> Iterator[Period]:
        """Yields the periods that start then or later."""
        if self.repeat is None:
            yield from [self.first] if self.first.starts_at >= moment else []
            return
        zone, lasts = ZoneInfo(self.zone), self.first.ends_at - self.first.starts_at
        local = moment.astimezone(zone).replace(tzinfo=None)
        for each in self._rule(zone).xafter(local - A_DAY):
            starts_at = each.replace(tzinfo=zone).astimezone(self.first.starts_at.tzinfo)
            if starts_at >= moment:
                yield Period(starts_at, starts_at + lasts)

    def _rule(self, zone: ZoneInfo) -> rrule:
        """Returns the rule over times of day in the zone. It ends in any case."""
        starts = self.first.starts_at.astimezone(zone).replace(tzinfo=None)
        read = cast(rrule, rrulestr(self.repeat or "", dtstart=starts, ignoretz=True))  # of a single rule it is one
        ends = starts + AHEAD
        until = _until(self.repeat or "", zone)
        return read.replace(until=ends if until is None else min(until, ends))


def _until(repeat: str, zone: ZoneInfo) -> datetime | None:
    """Returns until when a rule holds, as a time of day in the zone; of a mere date its last second."""
    found = UNTIL.search(repeat)
    if found is None:
        return None
    until = datetime.strptime(found[1] + (found[2] or "235959"), "%Y%m%d%H%M%S")  # noqa: DTZ007  of the zone
    return until.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) if found[3] else until


def is_zone(name: str) -> bool:
    """Says whether IANA knows a zone of this name."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # LookupError: no such zone
        return False
    return True


def refusal_of(plan: Plan) -> str | None:
    """Returns what is wrong with a plan, for people; None when nothing is."""
    if not timedelta() < plan.first.ends_at - plan.first.starts_at <= LONGEST:
        return f"ends_at is after starts_at, by {LONGEST.days} days at most"
    try:
        wrong = plan.repeat and (_misread(plan.repeat) or _mistaken(plan))
    except ValueError as error:  # of dateutil's
        wrong = str(error)
    return f"repeat: {wrong}" if wrong else None


def _mistaken(plan: Plan) -> str | None:
    periods = list(islice(plan.comes(), LOOKED_AT)) if plan.names_its_first() else []
    if periods[:1] != [plan.first]:  # also where clocks show its time of day twice, and this is the second
        return "the first period is none of those that the rule names"
    overlap = any(before.ends_at > after.starts_at for before, after in pairwise(periods))
    return "it begins anew before it is over" if overlap else None


def _misread(repeat: str) -> str | None:
    parts = [part.partition("=") for part in repeat.split(";")]
    names = [name for name, _, _ in parts]
    for name, _, said in parts:
        if name not in PARTS:
            return f"of an RRULE (RFC 5545) these parts are read: {', '.join(PARTS)}"
        if not PARTS[name].fullmatch(said):
            return f"{name} cannot be that"
    if names.count("FREQ") != 1 or len(set(names)) < len(names):
        return "it needs FREQ, and each part once"
    return None


# ── what becomes of it ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Standing:
    """How a maintenance stands: in which period, or before it, or after the last one."""

    status: Status
    period: Period


class Moved(StrEnum):
    """What has become of a maintenance: each is said as a fact."""

    PLANNED = "planned"
    CHANGED = "changed"
    STARTED = "started"
    ENDED = "ended"
    CANCELLED = "cancelled"


Step = tuple[Moved, Standing]


@dataclass(frozen=True, slots=True)
class Announced:
    """What people are told of a maintenance, by a person's word: all of it may be changed."""

    title: str
    text: str
    components: tuple[str, ...]  # none: all
    audience: Mapping[str, Any]
    plan: Plan


@dataclass(frozen=True, slots=True)
class MaintenanceRow:
    """A maintenance as its row has it: the truth about how it stands."""

    id: str
    announced: Announced
    standing: Standing
    revision: int  # counts the facts about it
    by: str  # the person who planned it
    created_at: datetime
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None
    muted: int = 0  # so much trouble, by rule and component, opened no incident


def passed(plan: Plan, standing: Standing, now: datetime) -> Sequence[Step]:
    """Returns what the passing of time has made of it by now, in order. A period that nobody watched begins and ends as any other."""
    steps: list[Step] = []
    while (step := _next(plan, standing, now)) is not None:
        steps.append(step)
        standing = step[1]
    return steps


def _next(plan: Plan, standing: Standing, now: datetime) -> Step | None:
    period = standing.period
    match standing.status:
        case Status.PLANNED if period.starts_at <= now:
            return Moved.STARTED, Standing(Status.RUNNING, period)
        case Status.RUNNING if period.ends_at <= now:
            return Moved.ENDED, Standing(Status.OVER, period)
        case Status.OVER if (coming := plan.next(period.ends_at, period.starts_at)) is not None:
            return Moved.PLANNED, Standing(Status.PLANNED, coming)
    return None


def changed(plan: Plan, standing: Standing, now: datetime) -> Sequence[Step] | None:
    """Returns what a changed plan makes of it; None when by that plan nothing comes any more, or it is over or cancelled.

    A period that runs goes on if the plan has one now, and ends otherwise.
    """
    coming = plan.next(now)
    if coming is None or standing.status not in (Status.PLANNED, Status.RUNNING):
        return None
    if standing.status is Status.PLANNED:
        return [(Moved.CHANGED, Standing(Status.PLANNED, coming))]
    if coming.starts_at <= now:
        return [(Moved.CHANGED, Standing(Status.RUNNING, replace(standing.period, ends_at=coming.ends_at)))]
    ended = replace(standing.period, ends_at=now)
    return [(Moved.ENDED, Standing(Status.OVER, ended)), (Moved.CHANGED, Standing(Status.PLANNED, coming))]


def cancelled(standing: Standing, now: datetime) -> Step | None:
    """Returns what it is when a person calls it off; None when there is nothing to call off. A period that runs ends now."""
    match standing.status:
        case Status.PLANNED:
            return Moved.CANCELLED, Standing(Status.CANCELLED, standing.period)
        case Status.RUNNING:
            return Moved.CANCELLED, Standing(Status.CANCELLED, replace(standing.period, ends_at=now))
    return None
