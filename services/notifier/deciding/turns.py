"""How many are told in a minute: who comes later has a turn in one of the next minutes. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifier.deciding.policy import Caps
from services.notifier.situation import Situation, Turn

MINUTE = timedelta(minutes=1)
AT_MOST = 5  # minutes after which it is asked for anew: what nobody waits for any more must not hold up others


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many a minute are told in one scope."""

    scope: str
    per_minute: int


def of_incident(situation: Situation, caps: Caps) -> Limit | None:
    """Returns the limit of its incident."""
    incident = situation.notification.incident_id
    if caps.incident_per_minute is None or incident is None or not situation.notification.proactive:
        return None
    return Limit(f"incident {incident}", caps.incident_per_minute)


def of_all(situation: Situation, caps: Caps) -> Limit | None:
    """Returns the limit of everything that we say first. Critical incidents have one of their own, so that they wait for nothing else."""
    if caps.all_per_minute is None or not situation.notification.proactive:
        return None
    critical = situation.incident is not None and situation.incident.critical
    return Limit("critical" if critical else "all", caps.all_per_minute)


def turn_of(place: int, limit: Limit, minute: datetime) -> Turn | None:
    """Returns when it is the turn of who asks as the `place`-th, from 0, within this minute; None when it is now."""
    later = min(place // limit.per_minute, AT_MOST)
    return Turn(minute + later * MINUTE, limit.scope, limit.per_minute) if later else None
