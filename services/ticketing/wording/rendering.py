"""Templates are filled with what is known of a ticket and its incident. Pure."""

from dataclasses import dataclass
from datetime import datetime

from services.ticketing.incident import Incident
from services.ticketing.ticket import Ticket
from services.ticketing.wording.subject import bare
from services.ticketing.wording.templates import Answers
from shared.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Wording:
    """The words that a customer reads: one subject line and a body."""

    subject: str
    body: str


def answer(answers: Answers, catalog: Catalog, ticket: Ticket, incident: Incident) -> Wording:
    """Returns the status of an incident, for a ticket that is linked to it."""
    template = answers.known if incident.end is None else answers.fixed
    fields = {
        "number": ticket.number,
        "subject": bare(ticket.subject),
        "title": catalog.title(incident.title, incident.component),
        "component": catalog.told(incident.component),
        "started_at": _moment(incident.started_at),
        "resolved_at": _moment(incident.end.at) if incident.end else "",
    }
    return Wording(template.subject.format_map(fields), template.body.format_map(fields))


def _moment(at: datetime) -> str:
    return f"{at:%d %B %Y, %H:%M} UTC"
