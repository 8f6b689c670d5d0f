"""A ticket as screens show it, and what a fact makes of it. Pure."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from services.console.store.messages import Message
from services.console.store.suggestions import Pair, Suggestion
from services.console.store.tickets import Ticket
from services.console.store.timeline import Line
from shared.events import (
    Fact,
    TicketAssigned,
    TicketClosed,
    TicketLinked,
    TicketOpened,
    TicketRated,
    TicketReceived,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketSlaBreached,
    TicketSlaWarning,
    TicketState,
    TicketSuggested,
    TicketUnlinked,
)

TicketFact = (
    TicketOpened
    | TicketReceived
    | TicketReplied
    | TicketLinked
    | TicketUnlinked
    | TicketSuggested
    | TicketAssigned
    | TicketSlaWarning
    | TicketSlaBreached
    | TicketResolved
    | TicketReopened
    | TicketClosed
    | TicketRated
)

FIRST_RESPONSE = "first_response"
STATED = {each.name for each in fields(Ticket)} & TicketState.model_fields.keys()  # columns that each fact repeats
SHOWN = ("channel", "priority", "kind", "agent", "clock", "due_at", "tell", "score")  # in the time line, where a fact has it
WORDS = ("reasons", "verdict", "resolution", "reason", "comment")  # beside it: they may quote the customer


def after(known: Ticket | None, fact: TicketFact) -> Ticket:
    """Returns the ticket as it stands after the fact. The topic has a ticket's facts in their order, so the last one wins."""
    data = fact.data
    before = known or Ticket(data.ticket_id, data.number, data.customer_id, opened_at=fact.time, changed_at=fact.time)
    stands = replace(before, **data.state.model_dump(include=STATED)) if data.state else replace(before, **_without_state(before, fact))
    return replace(stands, changed_at=fact.time, **_counted(before, fact))


def _without_state(ticket: Ticket, fact: TicketFact) -> Mapping[str, Any]:
    """Returns what a fact of an older version says of the ticket's state, which it does not repeat."""
    said: Mapping[str, Any] = {}
    match fact:
        case TicketOpened(data=data):
            about = {name: getattr(data, name) for name in ("channel", "subject", "component", "priority", "opened_at")}
            said = {"status": "open", **about}
        case TicketAssigned(data=data):
            held = {"open": "in_progress"} if data.agent else {"in_progress": "open"}
            said = {"assignee": data.agent, "status": held.get(ticket.status, ticket.status)}
        case TicketLinked(data=data):
            said = {"incident_id": data.incident_id}
        case TicketReplied(data=data):
            said = _replied(ticket, data)
        case TicketResolved(data=data):
            said = {"status": "resolved", "resolved_at": data.resolved_at}
        case TicketReopened():
            said = {"status": "open", "resolved_at": None}
        case TicketSlaWarning(data=data) if data.clock == FIRST_RESPONSE:
            said = {"due_at": data.due_at, "warned_at": fact.time}
        case TicketSlaBreached(data=data) if data.clock == FIRST_RESPONSE:
            said = {"due_at": data.due_at, "breached_at": fact.time}
    return said


def _replied(ticket: Ticket, data: TicketReplied.Data) -> Mapping[str, Any]:
    waits = ticket.status == "open" or (ticket.status == "in_progress" and data.kind == "reply")
    said: dict[str, Any] = {"status": "waiting"} if waits else {}
    if ticket.responded_at is None:
        said |= {"responded_at": data.replied_at, "responded_by": data.author, "responded_automatically": data.kind != "reply"}
    return said


def _counted(ticket: Ticket, fact: TicketFact) -> Mapping[str, Any]:
    """Returns what no state repeats: how often it was reopened, a person's first reply, the latest word."""
    match fact:
        case TicketReopened():
            return {"reopened": ticket.reopened + 1}
        case TicketReceived(data=data):
            return _last_word(ticket, "customer", data.written_at)
        case TicketReplied(data=data):
            is_persons = data.actor == "agent" if data.actor else data.kind == "reply"
            first = min(data.replied_at, ticket.person_responded_at or data.replied_at) if is_persons else ticket.person_responded_at
            return {"person_responded_at": first, **_last_word(ticket, "support", data.replied_at)}
        case _:
            return {}


def _last_word(ticket: Ticket, side: str, at: Any) -> Mapping[str, Any]:
    is_last = ticket.last_word_at is None or at >= ticket.last_word_at
    return {"last_word_at": at, "last_word_side": side} if is_last else {}


def message_of(fact: Fact) -> Message | None:
    """Returns what the fact says was written; None when it is no such fact."""
    match fact:
        case TicketReceived(data=data):
            author, about = data.by or "customer", (data.subject, data.body)
            return Message(data.message_id, data.ticket_id, data.written_at, "customer", author, "request", *about)
        case TicketReplied(data=data):
            about = (data.subject, data.body)
            return Message(data.reply_id, data.ticket_id, data.replied_at, "support", data.author, data.kind, *about, data.incident_id)
        case _:
            return None


def suggestions_of(fact: Fact) -> Mapping[Pair, Suggestion | None]:
    """Returns what the fact suggests, and (None) what it decides of earlier suggestions."""
    match fact:
        case TicketSuggested(data=data):
            return {(data.ticket_id, each.incident_id): Suggestion(each.score, each.reasons, fact.time) for each in data.incidents}
        case TicketLinked(data=data) | TicketUnlinked(data=data):
            return {(data.ticket_id, data.incident_id): None}
        case _:
            return {}


def line_of(fact: TicketFact) -> Line:
    """Returns the fact as a line of the ticket's time line, and of the incident's that it is linked to."""
    data = fact.data
    incident_id = getattr(data, "incident_id", None) or (data.state.incident_id if data.state else None)
    return Line(
        id=fact.id,
        at=fact.time,
        service="ticketing",
        what=fact.type.removeprefix("forewarn.").removesuffix(".v1"),
        incident_id=incident_id,
        ticket_id=data.ticket_id,
        who=_who(fact),
        detail=data.model_dump(mode="json", include=set(SHOWN), exclude_none=True),
        words=_words(fact),
    )


def _who(fact: TicketFact) -> str | None:
    """Returns the person of support who did it."""
    if fact.data.actor is not None:
        return fact.data.by if fact.data.actor == "agent" else None
    return fact.data.author if isinstance(fact, TicketReplied) and fact.data.kind == "reply" else None


def _words(fact: TicketFact) -> tuple[str, ...]:
    said = [getattr(fact.data, name, None) for name in WORDS]
    return tuple(word for each in said if each for word in ((each,) if isinstance(each, str) else each))
