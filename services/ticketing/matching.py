"""Is this ticket about that incident? By evidence: the same customer in the impact, the same component, the same time. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.ticketing.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Incident:
    """What ticketing knows of an incident."""

    id: str
    component: str
    title: str
    started_at: datetime
    resolved_at: datetime | None  # None while it is open


@dataclass(frozen=True, slots=True)
class Evidence:
    """That one customer is in an incident's impact, and how we know."""

    certainty: Literal["confirmed", "likely"]
    first_seen_at: datetime
    last_seen_at: datetime
    count: int  # the customer's own bad events


@dataclass(frozen=True, slots=True)
class Windows:
    """How far a ticket may lie outside an incident's time and still be about it."""

    before: timedelta  # the start of an incident
    after: timedelta  # its end


@dataclass(frozen=True, slots=True)
class Match:
    """The ticket is about this incident, for these reasons."""

    incident: Incident
    reasons: tuple[str, ...]


def match(ticket: Ticket, candidates: Iterable[tuple[Incident, Evidence]], windows: Windows) -> Match | None:
    """The best of the incidents that touch the ticket's customer; None when it is about none of them."""
    fitting = [(incident, evidence) for incident, evidence in candidates if fits(ticket, incident, windows)]
    if not fitting:
        return None
    incident, evidence = max(fitting, key=lambda pair: _rank(ticket, *pair))
    return Match(incident, _reasons(ticket, incident, evidence))


def fits(ticket: Ticket, incident: Incident, windows: Windows) -> bool:
    """Whether component and time allow it, both ends of the windows included."""
    return (
        (ticket.component is None or _same(ticket.component, incident.component))
        and incident.started_at - windows.before <= ticket.opened_at
        and (incident.resolved_at is None or ticket.opened_at <= incident.resolved_at + windows.after)
    )


def _rank(ticket: Ticket, incident: Incident, evidence: Evidence) -> tuple[bool, bool, bool, datetime, str]:
    """One that goes on before one that is over, a named component, the customer's own failures, the latest; the id breaks ties."""
    return (
        incident.resolved_at is None,
        _same(ticket.component, incident.component),
        evidence.certainty == "confirmed",
        incident.started_at,
        incident.id,
    )


def _same(named: str | None, component: str) -> bool:
    return named is not None and named.casefold() == component.casefold()


def _reasons(ticket: Ticket, incident: Incident, evidence: Evidence) -> tuple[str, ...]:
    return (_who(evidence), _where(ticket, incident), _when(ticket, incident))


def _who(evidence: Evidence) -> str:
    if evidence.certainty == "likely":
        return "The customer is likely to be affected by the incident."
    times = "once" if evidence.count == 1 else f"{evidence.count} times"
    return f"The customer ran into it {times}, from {evidence.first_seen_at:%H:%M:%S} to {evidence.last_seen_at:%H:%M:%S} UTC."


def _where(ticket: Ticket, incident: Incident) -> str:
    if ticket.component is None:
        return f"The ticket names no component; the incident is about {incident.component}."
    return f"The ticket is about {ticket.component}, and so is the incident."


def _when(ticket: Ticket, incident: Incident) -> str:
    if incident.resolved_at is not None and ticket.opened_at > incident.resolved_at:
        return f"It was written {_minutes(ticket.opened_at - incident.resolved_at)} after the incident was over."
    if ticket.opened_at < incident.started_at:
        return f"It was written {_minutes(incident.started_at - ticket.opened_at)} before the incident was seen to begin."
    return f"It was written {_minutes(ticket.opened_at - incident.started_at)} after the incident began."


def _minutes(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
