"""A ticket of an affected customer is linked to an incident, has incidents suggested to an agent, or is left alone. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.ticketing.incident import Evidence, Incident
from services.ticketing.matching.trouble import Heard, trouble_with
from services.ticketing.ticket import Ticket
from services.ticketing.wording.subject import is_reply
from shared.catalog import Catalog

LINK_FROM = 0.75  # a score below is a suggestion: a false answer is worse than none
SAME_COMPONENT = 1.0
OTHER_COMPONENT = 0.0

Candidates = Iterable[tuple[Incident, Evidence]]


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows outside an incident's time in which a ticket may still be about it."""

    before: timedelta  # the start of an incident
    after: timedelta  # its end


@dataclass(frozen=True, slots=True)
class Match:
    """The ticket may be about this incident: how likely, from 0 to 1, and for which reasons."""

    incident: Incident
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """Either the incident that the ticket is about, or those that an agent may find it to be about, the likeliest first."""

    link: Match | None = None
    suggestions: tuple[Match, ...] = ()


def match(ticket: Ticket, body: str, candidates: Candidates, windows: Windows, catalog: Catalog) -> Matched:
    """Scores the incidents that touch the ticket's customer (`candidates`) by the subject and `body` of the request that made it."""
    fitting = [(incident, evidence) for incident, evidence in candidates if fits(ticket, incident, windows)]
    said = (*(() if is_reply(ticket.subject) else (ticket.subject,)), body)
    heard = [(_heard(ticket, said, incident, catalog), incident, evidence) for incident, evidence in fitting]
    heard.sort(key=lambda each: _rank(*each), reverse=True)
    found = [Match(incident, words.score, _reasons(ticket, words, incident, evidence)) for words, incident, evidence in heard]
    if found and found[0].score >= LINK_FROM:
        return Matched(link=found[0])
    return Matched(suggestions=tuple(found))


def fits(ticket: Ticket, incident: Incident, windows: Windows) -> bool:
    """Says whether the time allows it, both ends of the windows included."""
    return (
        incident.may_be_meant
        and incident.started_at - windows.before <= ticket.opened_at
        and (incident.end is None or ticket.opened_at <= incident.end.at + windows.after)
    )


def _heard(ticket: Ticket, said: Sequence[str], incident: Incident, catalog: Catalog) -> Heard:
    """Scores one incident. When the ticket names a component, that decides, whatever its words are."""
    if ticket.component is None:
        return trouble_with(incident.component, said, catalog)
    if ticket.component.casefold() == incident.component.casefold():
        return Heard(SAME_COMPONENT, f"The ticket is about {ticket.component}, and so is the incident.")
    return Heard(OTHER_COMPONENT, f"The ticket is about {ticket.component}; the incident is about {incident.component}.")


def _rank(heard: Heard, incident: Incident, evidence: Evidence) -> tuple[bool, bool, float, bool, datetime, str]:
    """Orders matches: first those sure enough to link, then open incidents, the score, the customer's own failures, the latest start."""
    return (
        heard.score >= LINK_FROM,
        incident.end is None,
        heard.score,
        evidence.certainty == "confirmed",
        incident.started_at,
        incident.id,
    )


def _reasons(ticket: Ticket, heard: Heard, incident: Incident, evidence: Evidence) -> tuple[str, ...]:
    return (_who(evidence), heard.reason, _when(ticket, incident))


def _who(evidence: Evidence) -> str:
    if evidence.certainty == "likely":
        return "The customer is likely to be affected by the incident."
    times = "once" if evidence.count == 1 else f"{evidence.count} times"
    return f"The customer ran into it {times}, from {evidence.first_seen_at:%H:%M:%S} to {evidence.last_seen_at:%H:%M:%S} UTC."


def _when(ticket: Ticket, incident: Incident) -> str:
    if incident.end is not None and ticket.opened_at > incident.end.at:
        return f"It was written {_minutes(ticket.opened_at - incident.end.at)} after the incident was over."
    if ticket.opened_at < incident.started_at:
        return f"It was written {_minutes(incident.started_at - ticket.opened_at)} before the incident was seen to begin."
    return f"It was written {_minutes(ticket.opened_at - incident.started_at)} after the incident began."


def _minutes(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
