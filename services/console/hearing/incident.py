"""An incident as screens show it, and what a fact makes of it. Pure."""

from dataclasses import replace
from typing import Any

from services.console.store.incidents import Incident
from services.console.store.timeline import Line
from shared.events import (
    IncidentDismissed,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentUpdated,
    IncidentWithdrawn,
)

IncidentFact = IncidentOpened | IncidentUpdated | IncidentResolved | IncidentReopened | IncidentWithdrawn | IncidentDismissed

SHOWN = {  # in the time line, where a fact has it
    *("severity", "affected", "why", "silent_since", "behind_seconds", "note", "reason", "tell"),
    *("step", "public"),
}


def after(known: Incident | None, fact: IncidentFact) -> Incident | None:
    """Returns the incident as the fact says it is; None when something at least as new was taken before."""
    if known is not None and not _is_newer(known, fact):
        return None
    return _moved(_said(known, fact), fact)


def _is_newer(known: Incident, fact: IncidentFact) -> bool:
    """Says whether the fact is newer. Those of versions that counted no revisions all have 0: they count in the order they come."""
    return fact.data.revision > known.revision or fact.data.revision == known.revision == 0


def _said(known: Incident | None, fact: IncidentFact) -> Incident:
    """Returns the incident with what every fact repeats."""
    data = fact.data
    before = known or Incident(
        id=data.incident_id,
        rule=data.rule,
        component=data.component,
        severity=data.severity,
        symptom=data.symptom,
        title=data.title,
        status="open",
        started_at=data.started_at,
        opened_at=data.started_at,  # until its opening is heard
        revision=data.revision,
        said_at=fact.time,
    )
    return replace(
        before,
        rule=data.rule,
        component=data.component,
        severity=data.severity,
        symptom=data.symptom,
        title=data.title,
        started_at=data.started_at,
        revision=data.revision,
        said_at=fact.time,
        failing_at=data.failing_at or before.failing_at,
        behind_seconds=data.behind_seconds,
        why=getattr(data, "why", before.why),
        acknowledged_at=data.acknowledged_at,
        acknowledged_by=data.acknowledged_by,
        merged_into=data.merged_into,
        split_from=data.split_from or before.split_from,
    )


def _moved(incident: Incident, fact: IncidentFact) -> Incident:
    """Returns the incident with what this kind of fact adds."""
    match fact:
        case IncidentOpened(data=opened):
            return replace(incident, opened_at=opened.opened_at)
        case IncidentUpdated(data=updated):
            public = updated.public.model_dump(mode="json") if updated.public else None
            return replace(incident, silent_since=updated.silent_since, public=public)
        case IncidentReopened():
            return replace(incident, status="open", ended_at=None, ended_by=None, note="", reason=None)
        case IncidentResolved(data=data):
            return _ended(incident, "resolved", ended_at=data.resolved_at, ended_by=data.by, note=data.note)
        case IncidentDismissed(data=data):
            return _ended(incident, "dismissed", ended_at=data.dismissed_at, ended_by=data.by, note=data.note)
        case IncidentWithdrawn(data=data):
            return _ended(incident, "withdrawn", ended_at=data.withdrawn_at, reason=data.reason)


def _ended(incident: Incident, status: str, **end: Any) -> Incident:
    """Returns the incident after its end; of an earlier end nothing stays."""
    return replace(incident, status=status, silent_since=None, **{"ended_by": None, "note": "", "reason": None, **end})


def line_of(fact: IncidentFact) -> Line:
    """Returns the fact as a line of the incident's time line."""
    said = fact.data.model_dump(mode="json", include=SHOWN, exclude_none=True)
    who = getattr(fact.data, "by", None)
    return Line(
        fact.id, fact.time, "monitor", fact.type.removeprefix("forewarn.").removesuffix(".v1"), fact.data.incident_id, None, who, said
    )
