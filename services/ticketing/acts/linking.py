"""Decides what is done about a ticket when an incident may concern it, and when that incident ends. Pure."""

from datetime import datetime, timedelta

from services.ticketing.acts import incidents
from services.ticketing.change import Cause, Change, Link, unless_refused
from services.ticketing.incident import Ending, Incident
from services.ticketing.matching.match import Candidates, match
from services.ticketing.support import Configuration
from services.ticketing.ticket import UNRESOLVED, Ticket
from services.ticketing.wording.rendering import answer


def matched(config: Configuration, ticket: Ticket, body: str, candidates: Candidates, now: datetime, cause: Cause | None) -> Change | None:
    """A ticket of an affected customer is linked and answered, or the incidents are suggested to an agent; None when none fits."""
    linking = config.support.linking
    found = match(ticket, body, candidates, linking.windows, config.catalog)
    if found.link:
        incident = found.link.incident
        tells = may_answer(ticket, incident, now, linking.answer_within)
        wording = answer(config.support.answers, config.catalog, ticket, incident) if tells else None
        return incidents.linked(ticket, found.link, wording, now, cause)
    return incidents.suggested(ticket, found.suggestions, now) if found.suggestions else None


def at_end(config: Configuration, ticket: Ticket, link: Link, incident: Incident, now: datetime, cause: Cause) -> Change | None:
    """Returns the change that the incident's end makes to a linked ticket; None when the ticket has ended, or is about something else."""
    end = incident.end
    if end is None or ticket.status not in UNRESOLVED or ticket.incident_id != incident.id:
        return None
    if end.how is not Ending.RESOLVED:
        return incidents.released(ticket, link, end, now)
    tell = end.tell and (link.answered_at is not None or is_recent(ticket, now, config.support.linking.answer_within))
    return unless_refused(incidents.ended(ticket, incident, end, tell, now, cause))


def is_recent(ticket: Ticket, now: datetime, within: timedelta) -> bool:
    """Says whether the customer may still wait for an answer: not when an old log is replayed, or we were down for long."""
    return now - ticket.opened_at <= within


def is_worth_answering(ticket: Ticket, now: datetime, within: timedelta) -> bool:
    """Says whether to answer automatically: only recent tickets, and never after a person has answered."""
    clock = ticket.first_response
    by_person = clock.stopped_at is not None and not clock.answered_automatically
    return is_recent(ticket, now, within) and not by_person


def may_answer(ticket: Ticket, incident: Incident, now: datetime, within: timedelta) -> bool:
    """Says whether to answer automatically about this incident: not about one whose end no customer is to hear of."""
    return is_worth_answering(ticket, now, within) and (incident.end is None or incident.end.tell)
