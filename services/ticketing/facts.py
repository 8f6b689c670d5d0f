"""The facts that ticketing publishes about a ticket. Each is given the ticket as it is after the act, and says how it stands. Pure."""

from datetime import datetime
from typing import Any, TypeVar

from services.ticketing.change import AUTOMATIC, CUSTOMER, Actor, Cause, Link, Message, Suggestion
from services.ticketing.sla.clock import FIRST_RESPONSE
from services.ticketing.ticket import Ticket
from shared.events import (
    Fact,
    Suggested,
    TicketAssigned,
    TicketClosed,
    TicketLinked,
    TicketOpened,
    TicketReceived,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketRisk,
    TicketSlaBreached,
    TicketSlaWarning,
    TicketState,
    TicketSuggested,
    TicketUnlinked,
)

F = TypeVar("F", bound=Fact)


def opened(ticket: Ticket, cause: Cause | None, risk: TicketRisk | None = None) -> Fact:
    data = TicketOpened.Data(
        **_about(ticket, CUSTOMER if risk is None else AUTOMATIC),
        channel=ticket.channel,
        subject=ticket.subject,
        component=ticket.component,
        priority=ticket.priority,
        opened_at=ticket.opened_at,
        risk=risk,
    )
    return _caused(TicketOpened.of(data, subject=ticket.id, at=ticket.opened_at), cause)


def received(ticket: Ticket, written: Message, channel: str, cause: Cause | None) -> Fact:
    data = TicketReceived.Data(
        **_about(ticket, CUSTOMER),
        message_id=written.id,
        channel=channel,
        subject=written.subject,
        body=written.body,
        written_at=written.at,
    )
    return _caused(TicketReceived.of(data, subject=ticket.id, at=written.at, unique=written.id), cause)


def linked(ticket: Ticket, link: Link, by: Actor, cause: Cause | None) -> Fact:
    data = TicketLinked.Data(**_about(ticket, by), incident_id=link.incident_id, reasons=link.reasons)
    unique = " ".join(filter(None, (link.incident_id, by.act_id)))
    return _caused(TicketLinked.of(data, subject=ticket.id, at=link.linked_at, unique=unique), cause)


def unlinked(ticket: Ticket, link: Link, verdict: str, by: Actor, at: datetime) -> Fact:
    data = TicketUnlinked.Data(**_about(ticket, by), incident_id=link.incident_id, verdict=verdict)
    return TicketUnlinked.of(data, subject=ticket.id, at=at, unique=f"{link.incident_id} {by.act_id}")


def suggested(ticket: Ticket, suggestions: tuple[Suggestion, ...], at: datetime) -> Fact:
    incidents = tuple(Suggested(incident_id=each.incident_id, score=each.score, reasons=each.reasons) for each in suggestions)
    unique = f"{' '.join(each.incident_id for each in incidents)} {at.isoformat()}"
    return TicketSuggested.of(
        TicketSuggested.Data(**_about(ticket, AUTOMATIC), incidents=incidents), subject=ticket.id, at=at, unique=unique
    )


def replied(ticket: Ticket, said: Message, by: Actor, cause: Cause | None) -> Fact:
    assert said.kind != "request"  # noqa: S101  a customer is not sent their own words
    data = TicketReplied.Data(
        **_about(ticket, by),
        reply_id=said.id,
        kind=said.kind,
        author=said.author,
        subject=said.subject,
        body=said.body,
        incident_id=said.incident_id,
        replied_at=said.at,
    )
    return _caused(TicketReplied.of(data, subject=ticket.id, at=said.at, unique=said.id), cause)


def assigned(ticket: Ticket, by: Actor, at: datetime) -> Fact:
    data = TicketAssigned.Data(**_about(ticket, by), agent=ticket.assignee)
    return TicketAssigned.of(data, subject=ticket.id, at=at, unique=by.act_id)


def resolved(ticket: Ticket, resolution: str, by: Actor, at: datetime, cause: Cause | None = None, *, tell: bool = False) -> Fact:
    told = {"resolution": resolution, "incident_id": ticket.incident_id, "tell": tell, "resolved_at": at}
    data = TicketResolved.Data(**_about(ticket, by), **told)
    return _caused(TicketResolved.of(data, subject=ticket.id, at=at, unique=by.act_id), cause)


def reopened(ticket: Ticket, reason: str, by: Actor, at: datetime, cause: Cause | None = None) -> Fact:
    data = TicketReopened.Data(**_about(ticket, by), reason=reason, reopened_at=at)
    return _caused(TicketReopened.of(data, subject=ticket.id, at=at, unique=by.act_id), cause)


def closed(ticket: Ticket, at: datetime) -> Fact:
    return TicketClosed.of(TicketClosed.Data(**_about(ticket, AUTOMATIC), closed_at=at), subject=ticket.id, at=at)


def warned(ticket: Ticket, at: datetime) -> Fact:
    return TicketSlaWarning.of(TicketSlaWarning.Data(**_promise(ticket)), subject=ticket.id, at=at, unique=FIRST_RESPONSE)


def breached(ticket: Ticket, at: datetime, cause: Cause | None) -> Fact:
    data = TicketSlaBreached.Data(**_promise(ticket))
    return _caused(TicketSlaBreached.of(data, subject=ticket.id, at=at, unique=FIRST_RESPONSE), cause)


def _about(ticket: Ticket, by: Actor) -> dict[str, Any]:
    """Returns what every fact says: which ticket it is, who did it, and how the ticket stands now."""
    named = {"ticket_id": ticket.id, "number": ticket.number, "customer_id": ticket.customer_id}
    return {**named, "by": by.name, "actor": by.kind.value, "state": _state(ticket)}


def _state(ticket: Ticket) -> TicketState:
    clock = ticket.first_response
    return TicketState(
        status=ticket.status.value,
        channel=ticket.channel,
        subject=ticket.subject,
        component=ticket.component,
        priority=ticket.priority,
        assignee=ticket.assignee,
        incident_id=ticket.incident_id,
        opened_at=ticket.opened_at,
        resolved_at=ticket.resolved_at,
        due_at=clock.due_at,
        warned_at=clock.warned_at,
        breached_at=clock.breached_at,
        stopped_at=clock.stopped_at,
        responded_at=clock.stopped_at if clock.answered_by is not None else None,
        responded_by=clock.answered_by,
        responded_automatically=clock.answered_automatically,
    )


def _promise(ticket: Ticket) -> dict[str, Any]:
    """Returns what is said of a deadline: it passes by itself, whoever acts at that moment."""
    return {**_about(ticket, AUTOMATIC), "clock": FIRST_RESPONSE, "due_at": ticket.first_response.due_at}


def _caused(fact: F, cause: Cause | None) -> F:
    """Returns the fact with its cause, and one hop more than the cause has."""
    return fact if cause is None else fact.model_copy(update={"causationid": cause.id, "hops": cause.hops + 1})
