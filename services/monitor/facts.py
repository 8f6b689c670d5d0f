"""Each change of an incident or a risk becomes a fact for the other services. Pure: values in, facts out.

Here, and nowhere else, it is decided that nobody is told of an incident of a rule on trial: all that is said of it is `incident.shadowed`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from services.monitor.incidents.candidates import CandidateRow
from services.monitor.incidents.known import RecentIncident
from services.monitor.incidents.life import IncidentRow, Status
from services.monitor.incidents.maintenance import MaintenanceRow, Moved
from services.monitor.incidents.story import Step, StepKind
from services.monitor.risk.life import RiskRow
from shared.events import (
    IMPACT_CHUNK,
    Affected,
    Fact,
    IncidentDismissed,
    IncidentImpact,
    IncidentOpened,
    IncidentResolved,
    IncidentShadowed,
    IncidentSplit,
    IncidentSuspected,
    IncidentUpdated,
    IncidentWithdrawn,
    MaintenanceCancelled,
    MaintenanceChanged,
    MaintenanceEnded,
    MaintenancePlanned,
    MaintenanceStarted,
    RiskActed,
    RiskAction,
    RiskCleared,
    RiskRaised,
)

FACT_OF_MOVE: dict[Moved, type[Fact]] = {
    Moved.PLANNED: MaintenancePlanned,
    Moved.CHANGED: MaintenanceChanged,
    Moved.STARTED: MaintenanceStarted,
    Moved.ENDED: MaintenanceEnded,
    Moved.CANCELLED: MaintenanceCancelled,
}


def opened(row: IncidentRow, now: datetime) -> Fact:
    """A threshold was crossed."""
    if row.shadow:
        return _shadowed(row, row.affected, now)
    data = IncidentOpened.Data(**_of(row), opened_at=row.opened_at, why=row.why)
    return IncidentOpened.of(data, subject=row.id, at=now)


def updated(row: IncidentRow, affected: int, now: datetime, step: Step = Step(StepKind.CHANGED)) -> Fact:  # noqa: B008  immutable
    """An open incident has news, or a person did something with it. It says how the incident stands, whatever its news is."""
    if row.shadow:
        return _shadowed(row, affected, now)
    stands = {"affected": affected, "why": row.why, "silent_since": row.silent_since, "public": row.public}
    data = IncidentUpdated.Data(**_of(row), **stands, step=step.kind, by=step.by, note=step.note)
    return IncidentUpdated.of(data, subject=row.id, at=now, unique=row.revision)


def ended(row: IncidentRow, reason: str, tell: bool, now: datetime) -> Fact:
    """It is over, withdrawn or dismissed, as its status says. `reason`: why it is withdrawn."""
    if row.shadow:
        return _shadowed(row, row.affected, now)
    said: dict[str, Any] = {**_of(row), "affected": row.affected, "tell": tell}
    match row.status:
        case Status.WITHDRAWN:
            withdrawn = IncidentWithdrawn.Data(**said, withdrawn_at=row.ended_at, reason=reason)
            return IncidentWithdrawn.of(withdrawn, subject=row.id, at=now)
        case Status.DISMISSED:
            dismissed = IncidentDismissed.Data(**said, dismissed_at=row.ended_at, by=row.ended_by, note=row.note)
            return IncidentDismissed.of(dismissed, subject=row.id, at=now)
    resolved = IncidentResolved.Data(**said, resolved_at=row.ended_at, why=row.why, by=row.ended_by, note=row.note)
    return IncidentResolved.of(resolved, subject=row.id, at=now)


def impact(incident: RecentIncident, customers: Sequence[Affected], now: datetime) -> Iterator[Fact]:
    """Yields whom an incident newly touches, in chunks; of one on trial nothing.

    The confirmed and the likely ones stand apart, since one may be told as both.
    """
    if incident.shadow:
        return
    for certainty, prefix in (("confirmed", ""), ("likely", "likely/")):
        of_it = [each for each in customers if each.certainty == certainty]
        for number, at in enumerate(range(0, len(of_it), IMPACT_CHUNK)):
            chunk = tuple(of_it[at : at + IMPACT_CHUNK])
            if incident.split_from:
                yield _split(incident.id, (incident.id, ()), chunk, now, prefix + chunk[0].customer_id)
                continue
            yield IncidentImpact.of(
                IncidentImpact.Data(incident_id=incident.touching, chunk=number, customers=chunk),
                subject=incident.touching,
                at=now,
                unique=prefix + chunk[0].customer_id,
                cause=IncidentOpened.id_of(incident.touching),
            )


def impact_of_people(row: IncidentRow, now: datetime, added: Sequence[Affected] = (), removed: Sequence[str] = ()) -> Iterator[Fact]:
    """Yields whom people have an incident touch, and no longer touch, a chunk of each at most; of one on trial nothing."""
    if row.shadow or not (added or removed):
        return
    data = IncidentImpact.Data(incident_id=row.id, chunk=0, customers=tuple(added), removed=tuple(removed))
    yield IncidentImpact.of(data, subject=row.id, at=now, unique=f"people/{row.revision}", cause=IncidentOpened.id_of(row.id))


def split(row: IncidentRow, from_ids: Sequence[str], customers: Sequence[Affected], now: datetime) -> Iterator[Fact]:
    """Yields, under the id of each incident concerned, that these customers are touched by this one now; of one on trial nothing."""
    chunks = [] if row.shadow else [customers[at : at + IMPACT_CHUNK] for at in range(0, len(customers), IMPACT_CHUNK)]
    for number, chunk in enumerate(chunks):
        for said_of in (row.id, *from_ids):
            yield _split(said_of, (row.id, from_ids), chunk, now, f"{row.id}/{number}" if number else row.id)


def _split(said_of: str, ways: tuple[str, Sequence[str]], customers: Sequence[Affected], now: datetime, unique: str) -> Fact:
    into, from_ids = ways
    data = IncidentSplit.Data(incident_id=said_of, into_id=into, from_ids=tuple(from_ids), customers=tuple(customers))
    return IncidentSplit.of(data, subject=said_of, at=now, unique=unique, cause=IncidentOpened.id_of(into))


def suspected(row: CandidateRow, now: datetime) -> Fact:
    """Complaints rise, rise on, or were dealt with. Nobody is told of a candidate; of one that was approved `incident.opened` says so."""
    names = ("rule", "component", "severity", "symptom", "title", "started_at", "revision", "status", "found_at", "ended_at", "customers")
    said: dict[str, Any] = {name: getattr(row, name) for name in names}
    more = {"failing_at": row.last_at, "merged_into": row.merged_into, "by": row.ended_by, "note": row.note}
    data = IncidentSuspected.Data(incident_id=row.id, **said, **more, why=row.why)
    return IncidentSuspected.of(data, subject=row.id, at=now, unique=row.revision)


def _shadowed(row: IncidentRow, affected: int, now: datetime) -> Fact:
    data = IncidentShadowed.Data(
        **_of(row), status=row.status, opened_at=row.opened_at, ended_at=row.ended_at, affected=affected, why=row.why
    )
    return IncidentShadowed.of(data, subject=row.id, at=now, unique=row.revision)


def _of(row: IncidentRow) -> dict[str, Any]:
    """Returns what every fact about the incident repeats."""
    return {
        "incident_id": row.id,
        "rule": row.rule,
        "component": row.component,
        "severity": row.severity,
        "title": row.title,
        "started_at": row.started_at,
        "revision": row.revision,
        "symptom": row.symptom,
        "failing_at": row.failing_at,
        "behind_seconds": round(row.behind_seconds, 3),
        "acknowledged_at": row.acknowledged_at,
        "acknowledged_by": row.acknowledged_by,
        "merged_into": row.merged_into,
        "split_from": row.split_from,
    }


def of_maintenance(row: MaintenanceRow, moved: Moved, now: datetime, by: str | None) -> Fact:
    """A maintenance was announced or changed, began, ended, or was called off."""
    said, announced, period = FACT_OF_MOVE[moved], row.announced, row.standing.period
    more: dict[Moved, dict[str, Any]] = {
        Moved.PLANNED: {"by": by},
        Moved.CHANGED: {"by": by},
        Moved.ENDED: {"ended_at": period.ends_at},
        Moved.CANCELLED: {"by": by, "cancelled_at": row.cancelled_at},
    }
    data = {
        "maintenance_id": row.id,
        "title": announced.title,
        "text": announced.text,
        "components": announced.components,
        "audience": announced.audience,
        "starts_at": period.starts_at,
        "ends_at": period.ends_at,
        "zone": announced.plan.zone,
        "repeat": announced.plan.repeat,
        "revision": row.revision,
    }
    read = said.model_fields["data"].annotation
    assert read is not None  # noqa: S101  narrowing
    return said.of(read.model_validate(data | more.get(moved, {})), subject=row.id, at=now, unique=row.revision)


def raised(row: RiskRow, now: datetime) -> Fact:
    """A customer is at risk."""
    data = RiskRaised.Data(
        risk_id=row.id,
        customer_id=row.customer_id,
        rule=row.rule,
        version=row.version,
        title=row.title,
        score=row.score,
        contributions=row.contributions,
        evidence=tuple(row.evidence),
        began_at=row.began_at,
        last_at=row.last_at,
        action=None if row.action is None else RiskAction(**row.action),
        shadow=row.shadow,
    )
    return RiskRaised.of(data, subject=row.customer_id, at=now, unique=row.id)


def acted(row: RiskRow, now: datetime) -> Fact:
    """The action of a risk was done: others are asked for it, or its webhook has an outcome."""
    data = RiskActed.Data(
        risk_id=row.id,
        customer_id=row.customer_id,
        rule=row.rule,
        status=row.action_status or "",
        action=RiskAction.model_validate(row.action),
        title=row.title,
        score=row.score,
        contributions=row.contributions,
        evidence=tuple(row.evidence),
        answer=row.action_answer,
    )
    return RiskActed.of(data, subject=row.customer_id, at=now, unique=row.id, cause=RiskRaised.id_of(row.customer_id, row.id))


def cleared(row: RiskRow, now: datetime) -> Fact:
    """A customer is at risk no longer, or nobody looks any more: its reason says so."""
    data = RiskCleared.Data(
        risk_id=row.id, customer_id=row.customer_id, rule=row.rule, reason=row.reason or "", by=row.cleared_by, note=row.note
    )
    return RiskCleared.of(data, subject=row.customer_id, at=now, unique=row.id, cause=RiskRaised.id_of(row.customer_id, row.id))
