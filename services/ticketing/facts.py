"""The facts that ticketing publishes about a ticket. Pure."""

from datetime import datetime
from typing import Any, TypeVar

from services.ticketing.change import Cause, Message
from services.ticketing.sla.clock import FIRST_RESPONSE
from services.ticketing.ticket import Ticket
from shared.events import (
    Fact,
    TicketAssigned,
    TicketLinked,
    TicketOpened,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketSlaBreached,
    TicketSlaWarning,
)

F = TypeVar("F", bound=Fact)


def opened(ticket: Ticket, cause: Cause | None) -> Fact:
    data = TicketOpened.Data(
        **_about(ticket),
        channel=ticket.channel,
        subject=ticket.subject,
        component=ticket.component,
        priority=ticket.priority,
        opened_at=ticket.opened_at,
    )
    return _caused(TicketOpened.of(data, subject=ticket.id, at=ticket.opened_at), cause)


def linked(ticket: Ticket, incident_id: str, reasons: tuple[str, ...], unique: str, at: datetime, cause: Cause | None) -> Fact:
    data = TicketLinked.Data(**_about(ticket), incident_id=incident_id, reasons=reasons)
    return _caused(TicketLinked.of(data, subject=ticket.id, at=at, unique=unique), cause)


def replied(ticket: Ticket, said: Message, cause: Cause | None) -> Fact:
    assert said.kind != "request"  # noqa: S101  a customer is not sent their own words
    data = TicketReplied.Data(
        **_about(ticket),
        reply_id=said.id,
        kind=said.kind,
        author=said.author,
        subject=said.subject,
        body=said.body,
        incident_id=said.incident_id,
        replied_at=said.at,
    )
    return _caused(TicketReplied.of(data, subject=ticket.id, at=said.at, unique=said.id), cause)


def assigned(ticket: Ticket, agent: str | None, unique: str, at: datetime) -> Fact:
    return TicketAssigned.of(TicketAssigned.Data(**_about(ticket), agent=agent), subject=ticket.id, at=at, unique=unique)


def resolved(ticket: Ticket, resolution: str, unique: str, at: datetime, cause: Cause | None, *, tell: bool = False) -> Fact:
    data = TicketResolved.Data(**_about(ticket), resolution=resolution, incident_id=ticket.incident_id, tell=tell, resolved_at=at)
    return _caused(TicketResolved.of(data, subject=ticket.id, at=at, unique=unique), cause)


def reopened(ticket: Ticket, reason: str, unique: str, at: datetime, cause: Cause | None = None) -> Fact:
    data = TicketReopened.Data(**_about(ticket), reason=reason, reopened_at=at)
    return _caused(TicketReopened.of(data, subject=ticket.id, at=at, unique=unique), cause)


def warned(ticket: Ticket, at: datetime) -> Fact:
    return TicketSlaWarning.of(TicketSlaWarning.Data(**_promise(ticket)), subject=ticket.id, at=at, unique=FIRST_RESPONSE)


def breached(ticket: Ticket, at: datetime, cause: Cause | None) -> Fact:
    data = TicketSlaBreached.Data(**_promise(ticket))
    return _caused(TicketSlaBreached.of(data, subject=ticket.id, at=at, unique=FIRST_RESPONSE), cause)


def _about(ticket: Ticket) -> dict[str, Any]:
    return {"ticket_id": ticket.id, "number": ticket.number, "customer_id": ticket.customer_id}


def _promise(ticket: Ticket) -> dict[str, Any]:
    return {**_about(ticket), "clock": FIRST_RESPONSE, "due_at": ticket.first_response.due_at}


def _caused(fact: F, cause: Cause | None) -> F:
    """Returns the fact with its cause, and one hop more than the cause has."""
    return fact if cause is None else fact.model_copy(update={"causationid": cause.id, "hops": cause.hops + 1})
