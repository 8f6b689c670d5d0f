"""These builders make facts, tickets and incidents, with everything ordinary but what the test names."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.ticketing.incident import End, Ending, Evidence, Incident
from services.ticketing.sla.clock import Clock
from services.ticketing.support import Configuration
from services.ticketing.ticket import Status, Ticket
from shared.events import (
    Affected,
    IncidentDismissed,
    IncidentImpact,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentWithdrawn,
    NotificationDelivered,
    SupportRequested,
)

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
STARTED = NOW - timedelta(minutes=3)  # the incident
CONFIGURATION = Configuration.of(Path(__file__).parents[3] / "deploy/config")
WORDS = (CONFIGURATION.support.answers, CONFIGURATION.catalog)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def requested(unique: object, customer: str = "c-1", at: datetime = NOW, **data: Any) -> SupportRequested:
    words = {"subject": "Cannot pay", "body": "The checkout hangs.", **data}
    return SupportRequested(id=str(unique), source="/form", subject=customer, time=at, data=SupportRequested.Data(**words))


def about(incident: str, started_at: datetime, component: str) -> dict[str, Any]:
    return {
        "incident_id": incident,
        "rule": "checkout-failing",
        "component": component,
        "severity": "high",
        "title": f"{component} is failing",
        "started_at": started_at,
    }


def opened(incident: str = "i-1", started_at: datetime = STARTED, component: str = "checkout") -> IncidentOpened:
    data = IncidentOpened.Data(**about(incident, started_at, component), opened_at=started_at, why={})
    return IncidentOpened.of(data, subject=incident, at=started_at)


def impact(*customers: str, incident: str = "i-1", chunk: int = 0, at: datetime = NOW) -> IncidentImpact:
    rows = tuple(
        Affected(customer_id=each, certainty="confirmed", first_seen_at=at - minutes(2), last_seen_at=at, count=3) for each in customers
    )
    data = IncidentImpact.Data(incident_id=incident, chunk=chunk, customers=rows)
    return IncidentImpact.of(data, subject=incident, at=at, unique=chunk)


def resolved(
    incident: str = "i-1", at: datetime = NOW, started_at: datetime = STARTED, component: str = "checkout", revision: int = 1, **but: Any
) -> IncidentResolved:
    data = IncidentResolved.Data(**about(incident, started_at, component), resolved_at=at, affected=1, revision=revision, why={}, **but)
    return IncidentResolved.of(data, subject=incident, at=at, unique=(revision, at))


def reopened(
    incident: str = "i-1", at: datetime = NOW, started_at: datetime = STARTED, component: str = "checkout", revision: int = 2
) -> IncidentReopened:
    data = IncidentReopened.Data(**about(incident, started_at, component), reopened_at=at, revision=revision, why={})
    return IncidentReopened.of(data, subject=incident, at=at, unique=revision)


def withdrawn(incident: str = "i-1", at: datetime = NOW, revision: int = 1) -> IncidentWithdrawn:
    data = IncidentWithdrawn.Data(
        **about(incident, STARTED, "checkout"), withdrawn_at=at, affected=1, reason="rule_gone", revision=revision
    )
    return IncidentWithdrawn.of(data, subject=incident, at=at, unique=revision)


def dismissed(incident: str = "i-1", at: datetime = NOW, revision: int = 1) -> IncidentDismissed:
    data = IncidentDismissed.Data(**about(incident, STARTED, "checkout"), dismissed_at=at, affected=1, by="ada", revision=revision)
    return IncidentDismissed.of(data, subject=incident, at=at, unique=revision)


def told(customer: str, at: datetime = NOW, incident: str = "i-1") -> NotificationDelivered:
    data = NotificationDelivered.Data(
        notification_id=f"{incident} {customer}",
        customer_id=customer,
        kind="opened",
        incident_id=incident,
        channel="email",
        delivered_at=at,
        message_id="m",
    )
    return NotificationDelivered.of(data, subject=customer, at=at, unique=incident)


def a_clock(**but: Any) -> Clock:
    times = {"started_at": NOW, "warn_at": NOW + minutes(180), "due_at": NOW + minutes(240)}
    return Clock(**{**times, **but})


def a_ticket(**but: Any) -> Ticket:
    ordinary: dict[str, Any] = {
        "id": "t-1",
        "number": 1042,
        "customer_id": "c-1",
        "channel": "form",
        "subject": "Cannot pay",
        "component": None,
        "priority": "normal",
        "status": Status.OPEN,
        "assignee": None,
        "incident_id": None,
        "opened_at": NOW,
        "resolved_at": None,
        "first_response": a_clock(),
    }
    return Ticket(**{**ordinary, **but})


def an_incident(*, resolved_at: datetime | None = None, **but: Any) -> Incident:
    ordinary: dict[str, Any] = {
        "id": "i-1",
        "component": "checkout",
        "title": "checkout is failing",
        "started_at": STARTED,
        "end": End(Ending.RESOLVED, resolved_at, 1) if resolved_at else None,
    }
    return Incident(**{**ordinary, **but})


def evidence(**but: Any) -> Evidence:
    ordinary: dict[str, Any] = {"certainty": "confirmed", "first_seen_at": NOW - minutes(2), "last_seen_at": NOW, "count": 3}
    return Evidence(**{**ordinary, **but})
