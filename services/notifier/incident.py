"""An incident as the latest fact about it describes it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, get_args

from shared.events import (
    IncidentDismissed,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentUpdated,
    IncidentWithdrawn,
    PublicUpdate,
    Severity,
)

Said = IncidentOpened | IncidentUpdated | IncidentReopened | IncidentResolved | IncidentWithdrawn | IncidentDismissed


class IncidentStatus(StrEnum):
    """The states of an incident. Each end is also the kind of the notification that tells of it."""

    OPEN = "open"  # → resolved, withdrawn, dismissed
    RESOLVED = "resolved"  # the trouble is over; → open
    WITHDRAWN = "withdrawn"  # nothing judges it any more; → open
    DISMISSED = "dismissed"  # a person said that it was a false alarm; → open


SEVERITIES: tuple[str, ...] = get_args(Severity)  # the least first


@dataclass(frozen=True, slots=True)
class PublicWords:
    """What a person says to customers of an incident."""

    words: str
    workaround: str = ""
    estimate: datetime | None = None  # when it should be fixed
    next_update: datetime | None = None  # when they hear more


@dataclass(frozen=True, slots=True)
class News:
    """The latest of an incident that means something to customers who were told of it."""

    revision: int  # of the fact that said so
    at: datetime
    cause: str  # that fact
    of: frozenset[str]  # what is new: severity, words, workaround, estimate, next_update

    @property
    def of_person(self) -> bool:
        """Says whether a person said it: their words are true whether or not events say that it fails just now."""
        return bool(self.of - {SEVERITY})


SEVERITY = "severity"  # what is new when monitor says that it is worse


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
    public: PublicWords | None = None  # the latest words of a person for customers
    news: News | None = None
    rule_version: str | None = None  # by which it was judged, as the latest fact says that says so

    @property
    def over(self) -> bool:
        return self.status is not IncidentStatus.OPEN

    @property
    def critical(self) -> bool:
        """Says whether nothing that is only for comfort may delay what is told of it."""
        return self.severity == "critical"


def incident_of(fact: Said, before: Incident | None = None) -> Incident:
    """Returns what a fact says about its incident, of which `before` was known. Words and news of before it reopened are over."""
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
        public=_public(fact, before),
        news=_news(fact, before),
    )


def _public(fact: Said, before: Incident | None) -> PublicWords | None:
    said = fact.data.public if isinstance(fact, IncidentUpdated) else None
    if said is None:
        return before.public if before is not None and not before.over else None
    return words_of(said)


def words_of(said: PublicUpdate) -> PublicWords:
    return PublicWords(said.words.strip(), said.workaround.strip(), said.estimate, said.next_update_at)


def _news(fact: Said, before: Incident | None) -> News | None:
    """Returns the latest news. It is news when it is worse, or a person says something else than before; what is calmer is none."""
    if before is None or before.over:
        return None
    found = set(_said_anew(_public(fact, before), before.public))
    if _rank(fact.data.severity) > _rank(before.severity):
        found.add(SEVERITY)
    if not found or not isinstance(fact, IncidentUpdated) or fact.data.revision <= before.revision:
        return before.news
    return News(fact.data.revision, fact.time, fact.id, frozenset(found))


def _said_anew(now: PublicWords | None, before: PublicWords | None) -> Iterator[str]:
    """Yields what a person says now and did not say before. What they say no longer is no news by itself."""
    for name in ("words", "workaround", "estimate", "next_update"):
        said = getattr(now, name) if now else None
        if said and said != (getattr(before, name) if before else None):
            yield name


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


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
