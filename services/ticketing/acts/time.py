"""The act of time on a ticket that nobody comes back to. Pure."""

from dataclasses import replace
from datetime import datetime

from services.ticketing import facts
from services.ticketing.acts import agents
from services.ticketing.change import AUTOMATIC, Change, What
from services.ticketing.ticket import Act, Refused, Status, Ticket, move


def rested(ticket: Ticket, now: datetime) -> Change | Refused:
    """Nothing has come for long: a ticket that waited for the customer is resolved, a resolved one is closed."""
    if ticket.status is not Status.RESOLVED:
        return agents.resolved(ticket, replace(AUTOMATIC, act_id=f"silence {now.isoformat()}"), now, "the customer did not answer")
    to = move(ticket.status, Act.CLOSE)
    if isinstance(to, Refused):
        return to
    after = replace(ticket, status=to)
    return Change(after, now, AUTOMATIC, What.CLOSED, {}, (facts.closed(after, now),))
