"""What REST takes and shows: the shapes of bodies, of tickets, queues and outcomes."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from services.ticketing.ticket import Priority, Status
from shared.answers import Name
from shared.api import Body
from shared.events.lines import Line


def _storable(text: str) -> str:
    """Refuses what Postgres cannot keep: U+0000, and halves of surrogate pairs, which JSON can say and UTF-8 cannot."""
    if "\0" in text:
        raise ValueError("U+0000 is not text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair is not text") from None
    return text


Text = Annotated[str, AfterValidator(_storable)]
Storable = BeforeValidator(lambda said: _storable(said) if isinstance(said, str) else said)
Words = Annotated[str, Field(min_length=1, max_length=100_000), AfterValidator(_storable)]


class NewTicket(Body):
    """A customer's request, written down by whoever took it."""

    customer_id: Name
    channel: Annotated[Name, Line(100), Storable] = "api"
    subject: Annotated[str, Line(250), Storable] = ""
    body: Annotated[Text, Field(max_length=100_000)] = ""
    component: Annotated[Name, Line(255), Storable] | None = Field(None, description="its id or its name in catalog.yml")
    priority: Priority = "normal"
    in_reply_to: Name | None = Field(None, description="id or number of the customer's ticket this continues")


class ByAgent(Body):
    by: Name = Field("agent", description="who does it, for the history")


class Reply(ByAgent):
    body: Words


class Assignment(ByAgent):
    agent: Name | None = Field(description="null puts the ticket back into the queue")


class Resolution(ByAgent):
    resolution: Words


class Reopening(ByAgent):
    reason: Words


class Linking(ByAgent):
    incident_id: Name
    answer: bool = Field(True, description="whether the customer is told the incident's status")


class Unlinking(ByAgent):
    verdict: Words = Field(description="what the ticket is about instead; kept")


class TicketView(BaseModel):
    """One ticket. `due_at` to `answered_by` are of the promise of a first response."""

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
    """That the ticket is about an incident, and how we know; or was thought to be, and what an agent said instead."""

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


class HistoryView(BaseModel):
    id: int
    at: datetime
    who: str
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
