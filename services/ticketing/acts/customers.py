"""The acts of a customer's request on a ticket. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.ticketing import facts
from services.ticketing.change import CUSTOMER, Change, Message, Request, What
from services.ticketing.sla.clock import Clock
from services.ticketing.ticket import Act, Refused, Status, Ticket, move

Continued = Mapping[tuple[str, str], Ticket]  # (customer, what they call it) → a ticket of theirs


def opened(request: Request, number: int, clock: Clock, now: datetime) -> Change:
    """A request becomes a ticket. A clock that is breached from the start is reported here, once; it makes no timer due."""
    opened_at = min(request.written_at, now)
    ticket = Ticket(
        id=request.ticket_id,
        number=number,
        customer_id=request.customer_id,
        channel=request.channel,
        subject=request.subject,
        component=request.component,
        priority=request.priority,
        status=Status.OPEN,
        assignee=None,
        incident_id=None,
        opened_at=opened_at,
        resolved_at=None,
        first_response=clock,
    )
    message = _message(request, ticket, opened_at)
    said = [facts.opened(ticket, request.cause), facts.received(ticket, message, request.channel, request.cause)]
    if clock.breached_at:
        said.append(facts.breached(ticket, now, request.cause))
    detail = {"channel": ticket.channel, **_taken(request)}
    return Change(ticket, now, CUSTOMER, What.OPENED, detail, tuple(said), message, clock_starts=True)


def wrote(ticket: Ticket, request: Request, now: datetime) -> Change | Refused:
    """The customer writes again on a ticket they have; one that was resolved is open again."""
    to = move(ticket.status, Act.WRITE)
    if isinstance(to, Refused):
        return to
    after, by = replace(ticket, status=to, resolved_at=None), replace(CUSTOMER, act_id=request.message_id)
    message, reopened = _message(request, ticket, min(request.written_at, now)), ticket.status is Status.RESOLVED
    said = [facts.received(after, message, request.channel, request.cause)]
    if reopened:
        said.append(facts.reopened(after, "the customer wrote again", by, now, request.cause))
    return Change(after, now, by, What.WROTE, {"reopened": reopened, **_taken(request)}, tuple(said), message)


def continued_by(request: Request, known: Continued) -> Ticket | None:
    """Returns the ticket a request continues. A closed record is final, so a reply to it makes a new ticket."""
    ticket = known.get((request.customer_id, request.in_reply_to or ""))
    return ticket if ticket and ticket.status is not Status.CLOSED else None


def independent(requests: Sequence[Request], known: Continued) -> int:
    """Returns how many of the requests, from the first on, can be taken in one step.

    A request may name a ticket that an earlier one of the same batch has yet to make: it waits for the next step.
    """
    making: set[str] = set()
    for at, request in enumerate(requests):
        if continued_by(request, known) is None:
            if request.in_reply_to and request.customer_id in making:
                return at
            making.add(request.customer_id)
    return len(requests)


def _message(request: Request, ticket: Ticket, at: datetime) -> Message:
    return Message(request.message_id, ticket.id, at, "customer", request.customer_id, "request", request.subject, request.body)


def _taken(request: Request) -> dict[str, str]:
    return {"taken_by": request.taken_by} if request.taken_by else {}
