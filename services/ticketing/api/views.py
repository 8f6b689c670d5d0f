"""The shapes that REST shows: tickets and what belongs to them, and queues."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from services.ticketing.ticket import Priority, Status


class TicketView(BaseModel):
    """One ticket. `due_at` to `answered_automatically` are of the promise of a first response."""

    id: str
    number: int
    customer_id: str
    channel: str
    subject: str
    component: str | None
    priority: Priority
    status: Status
    assignee: str | None
    incident_id: str | None
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    due_at: datetime
    warned_at: datetime | None
    breached_at: datetime | None
    stopped_at: datetime | None
    answered_by: str | None
    answered_automatically: bool


class ReplyView(TicketView):
    """The ticket after a reply. `message_id` names the reply: it is what the agent has `seen` by then."""

    message_id: str


class MessageView(BaseModel):
    id: str
    at: datetime
    side: str
    author: str
    kind: str
    subject: str
    body: str  # in lists and with the ticket its first 4,000 characters
    body_length: int  # characters of all of it
    incident_id: str | None


class LinkView(BaseModel):
    """A link: the ticket is about an incident, and how we know; or it was thought to be, and what an agent said instead."""

    incident_id: str
    reasons: list[str]
    linked_at: datetime
    answered_at: datetime | None
    unlinked_at: datetime | None
    unlinked_by: str | None
    verdict: str | None  # its first 4,000 characters; the history has all of it


class SuggestionView(BaseModel):
    """An incident that the ticket may be about, how likely from 0 to 1, and why: an agent decides."""

    incident_id: str
    title: str
    component: str
    score: float
    reasons: list[str]
    suggested_at: datetime


class ClockView(BaseModel):
    clock: str
    started_at: datetime
    warn_at: datetime
    due_at: datetime
    warned_at: datetime | None
    breached_at: datetime | None
    stopped_at: datetime | None
    answered_by: str | None
    answered_automatically: bool


class HistoryView(BaseModel):
    """One line of the history. `actor` says whether a customer, an agent or Forewarn by itself acted; `who` is what they are called."""

    id: int
    at: datetime
    who: str
    actor: Literal["customer", "agent", "forewarn"]
    what: str
    detail: dict[str, Any] | None  # null in lists and with the ticket when it is longer than 8,000 bytes


class Earlier(BaseModel):
    """Cursors of the lists that go on where a ticket's detail ends; null where it has everything."""

    messages: str | None
    links: str | None
    suggestions: str | None
    history: str | None


class TicketDetail(TicketView):
    """One ticket with the latest that is known of it; `next` has the cursors of the rest, each for the list of that name."""

    messages: list[MessageView]  # in order
    links: list[LinkView]  # in order
    suggestions: list[SuggestionView]  # the likeliest first
    clocks: list[ClockView]
    history: list[HistoryView]  # in order
    next: Earlier


class QueueView(BaseModel):
    status: Status
    assignee: str | None
    tickets: int
    oldest_opened_at: datetime
