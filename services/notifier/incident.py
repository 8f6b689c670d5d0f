"""An incident as the latest fact about it describes it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.events import (
    IncidentDismissed,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentUpdated,
    IncidentWithdrawn,
)

Said = IncidentOpened | IncidentUpdated | IncidentReopened | IncidentResolved | IncidentWithdrawn | IncidentDismissed


class IncidentStatus(StrEnum):
    """The states of an incident. Each end is also the kind of the notification that tells of it."""

    OPEN = "open"  # → resolved, withdrawn, dismissed
    RESOLVED = "resolved"  # the trouble is over; → open
    WITHDRAWN = "withdrawn"  # nothing judges it any more; → open
    DISMISSED = "dismissed"  # a person said that it was a false alarm; → open


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as it is known now."""

    id: str
    title: str
    component: str
    severity: str
    started_at: datetime
    rule: str = ""
    symptom: str = "failing"
    revision: int = 0
    status: IncidentStatus = IncidentStatus.OPEN
    ended_at: datetime | None = None  # the last end, also when it is open again
    tell: bool = True  # whether those who were told hear of the end
    ended_by: str | None = None  # the fact that said so, and how many facts led to it
    hops: int = 0
    failing_at: datetime | None = None  # the end of the last window that was failing; None: an older version does not say
    silent_since: datetime | None = None  # the last event, while nothing is heard
    behind: timedelta = timedelta()  # how far behind monitor read when it said this
    rule_version: str | None = None  # by which it was judged, as the latest fact says that says so

    @property
    def over(self) -> bool:
        return self.status is not IncidentStatus.OPEN


def incident_of(fact: Said) -> Incident:
    """Returns what a fact says about its incident."""
    data = fact.data
    status, ended_at, tell = _end_of(fact)
    return Incident(
        id=data.incident_id,
        title=data.title,
        component=data.component,
        severity=data.severity,
        started_at=data.started_at,
        rule=data.rule,
        symptom=data.symptom,
        revision=data.revision,
        status=status,
        ended_at=ended_at,
        tell=tell,
        ended_by=fact.id if ended_at else None,
        hops=fact.hops,
        failing_at=data.failing_at,
        silent_since=data.silent_since if isinstance(data, IncidentUpdated.Data) else None,
        behind=timedelta(seconds=data.behind_seconds),
        rule_version=_version_in(getattr(data, "why", {})),
    )


def _version_in(why: Mapping[str, Any]) -> str | None:
    version = why.get("rule_version")
    return version[:64] if isinstance(version, str) else None


def _end_of(fact: Said) -> tuple[IncidentStatus, datetime | None, bool]:
    match fact:
        case IncidentResolved(data=data):
            return IncidentStatus.RESOLVED, data.resolved_at, data.tell
        case IncidentWithdrawn(data=withdrawn):
            return IncidentStatus.WITHDRAWN, withdrawn.withdrawn_at, withdrawn.tell
        case IncidentDismissed(data=dismissed):
            return IncidentStatus.DISMISSED, dismissed.dismissed_at, dismissed.tell
    return IncidentStatus.OPEN, None, True
