"""The acts of an agent on a ticket. Pure."""

from dataclasses import replace
from datetime import datetime

from services.ticketing import facts
from services.ticketing.acts import clock, incidents
from services.ticketing.change import Actor, Change, Message, What
from services.ticketing.matching.match import Match
from services.ticketing.ticket import Act, Refused, Ticket, move
from services.ticketing.wording.rendering import Wording
from services.ticketing.wording.subject import reply_to
from shared.events import identity


def assigned(ticket: Ticket, by: Actor, now: datetime, agent: str | None) -> Change | Refused:
    """An agent has the ticket now; None puts it back into the queue."""
    to = move(ticket.status, Act.ASSIGN if agent else Act.UNASSIGN)
    if isinstance(to, Refused):
        return to
    after = replace(ticket, status=to, assignee=agent)
    return Change(after, now, by, What.ASSIGNED, {"agent": agent}, (facts.assigned(after, by, now),))


def accepted(ticket: Ticket, by: Actor, now: datetime, match: Match, answer: Wording | None) -> Change | Refused:
    """An agent finds that the ticket is about an incident, and has the customer told its status unless there is no answer to give."""
    to = move(ticket.status, Act.LINK)
    return to if isinstance(to, Refused) else incidents.linked(ticket, match, answer, now, None, by)


def reply_id(ticket: Ticket, by: Actor) -> str:
    """Returns the id of the message that this act of replying makes."""
    return identity("reply", ticket.id, by.act_id)


def replied(ticket: Ticket, by: Actor, now: datetime, body: str) -> Change | Refused:
    """A person writes to the customer, which stops the first-response clock."""
    to = move(ticket.status, Act.REPLY)
    if isinstance(to, Refused):
        return to
    subject = reply_to(ticket.subject, ticket.number)
    message = Message(reply_id(ticket, by), ticket.id, now, "support", by.name, "reply", subject, body, ticket.incident_id)
    after, breach = clock.stopped(replace(ticket, status=to), now, by, None)
    return Change(after, now, by, What.REPLIED, {}, (facts.replied(after, message, by, None), *breach), message)


def resolved(ticket: Ticket, by: Actor, now: datetime, resolution: str) -> Change | Refused:
    """A person says that the trouble is over. A ticket that ends needs no first response any more."""
    to = move(ticket.status, Act.RESOLVE)
    if isinstance(to, Refused):
        return to
    after, breach = clock.stopped(replace(ticket, status=to, resolved_at=now), now, None, None)
    said = (*breach, facts.resolved(after, resolution, by, now))
    return Change(after, now, by, What.RESOLVED, {"resolution": resolution}, said)


def reopened(ticket: Ticket, by: Actor, now: datetime, reason: str) -> Change | Refused:
    """A person says that the trouble was not over."""
    to = move(ticket.status, Act.REOPEN)
    if isinstance(to, Refused):
        return to
    after = replace(ticket, status=to, resolved_at=None)
    return Change(after, now, by, What.REOPENED, {"reason": reason}, (facts.reopened(after, reason, by, now),))
