"""An incident as ticketing knows it, and how a fact about it changes that. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from shared.events import (
    IncidentDismissed,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentUpdated,
    IncidentWithdrawn,
)

IncidentFact = IncidentOpened | IncidentUpdated | IncidentResolved | IncidentReopened | IncidentWithdrawn | IncidentDismissed


class Ending(StrEnum):
    """The ways in which an incident ends."""

    RESOLVED = "resolved"  # the trouble is over
    WITHDRAWN = "withdrawn"  # nothing judges it any more: whether the trouble is over is not known
    DISMISSED = "dismissed"  # it was a false alarm


@dataclass(frozen=True, slots=True)
class End:
    """The end of an incident."""

    how: Ending
    at: datetime
    revision: int  # of the fact that said so: an incident that was reopened may end again
    tell: bool = True  # whether customers hear of it


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident, as the fact with the highest revision says it is."""

    id: str
    component: str
    title: str
    started_at: datetime
    end: End | None = None  # None while it is open
    revision: int = 0

    @property
    def may_be_meant(self) -> bool:
        """Says whether a ticket may still be about it: not when it was a false alarm, or when nobody knows how it stands."""
        return self.end is None or self.end.how is Ending.RESOLVED


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence that one customer is in an incident's impact."""

    certainty: Literal["confirmed", "likely"]
    first_seen_at: datetime
    last_seen_at: datetime
    count: int  # the customer's own bad events


def updated(known: Incident | None, fact: IncidentFact) -> Incident | None:
    """Returns the incident as the fact says it is now; None when something at least as new was taken before."""
    if known is not None and not _is_newer(known, fact):
        return None
    data = fact.data
    end = _end(fact, known.end if known else None)
    incident = Incident(data.incident_id, data.component, data.title, data.started_at, end, data.revision)
    # Series of a component are found by its name: what an incident is about never changes.
    return incident if known is None else replace(incident, component=known.component, started_at=known.started_at)


def _is_newer(known: Incident, fact: IncidentFact) -> bool:
    """Says whether the fact is newer. Those of versions that counted no revisions all have 0; of them, an end is taken once."""
    if fact.data.revision > known.revision:
        return True
    is_end = isinstance(fact, IncidentResolved | IncidentWithdrawn | IncidentDismissed)
    return is_end and known.revision == 0 and fact.data.revision == 0 and known.end is None


def _end(fact: IncidentFact, before: End | None) -> End | None:
    """Returns the incident's end as of this fact; most facts leave it as it was."""
    match fact:
        case IncidentResolved(data=data):
            return End(Ending.RESOLVED, data.resolved_at, data.revision, data.tell)
        case IncidentWithdrawn(data=data):
            return End(Ending.WITHDRAWN, data.withdrawn_at, data.revision, data.tell)
        case IncidentDismissed(data=data):
            return End(Ending.DISMISSED, data.dismissed_at, data.revision, data.tell)
        case IncidentReopened():
            return None
        case _:
            return before
