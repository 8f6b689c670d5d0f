"""Defines the facts of `tickets.v1`: one customer's case."""

from typing import Annotated, Literal

from pydantic import Field

from shared.events.envelope import Fact, Id, Payload, identity
from shared.events.lines import First, Line
from shared.events.moments import Deadline, Moment


class TicketState(Payload):
    """Is a ticket as it stands right after a fact: all that a list of tickets shows, so that a reader needs no earlier fact."""

    status: str  # open, in_progress, waiting, resolved, closed
    channel: Annotated[str, Line(255)]
    subject: Annotated[str, Line(250)]
    component: Annotated[str, Line(255)] | None
    priority: str  # low, normal, high, urgent
    assignee: str | None
    incident_id: str | None  # the incident that it is linked to
    opened_at: Moment  # when the customer wrote, or the case of a risk was opened
    resolved_at: Moment | None = None
    due_at: Deadline  # of the first response
    warned_at: Moment | None = None
    breached_at: Moment | None = None
    stopped_at: Moment | None = None  # the promise of a first response ended: it was given, or the ticket was resolved without one
    responded_at: Moment | None = None  # the first response was given
    responded_by: str | None = None
    responded_automatically: bool = False


class Ticket(Payload):
    """Holds what every fact about a ticket repeats."""

    ticket_id: Id
    number: Annotated[int, Field(ge=1, le=2**53)]
    customer_id: Id
    by: str | None = None  # who did it, as the ticket's history names them; None in facts of older versions
    actor: str | None = None  # customer, agent, forewarn
    state: TicketState | None = None  # None in facts of older versions


class TicketRisk(Payload):
    """Is the risk that a case was opened for before its customer wrote."""

    risk_id: Id
    rule: str
    score: Annotated[float, Field(ge=0, le=1)]
    contributions: dict[str, float] = {}
    evidence: tuple[str, ...] = ()


def case_id(risk_id: str) -> str:
    """Returns the id of the ticket that is the case of a risk: one, however often it is asked for."""
    return identity("ticket", "risk", risk_id)


class TicketOpened(Fact):
    """A request became a ticket with a number; or the rule that found a risk asks for a case of its customer, who has not written."""

    class Data(Ticket):
        channel: Annotated[str, Line(255)]
        subject: Annotated[str, Line(250)]
        component: Annotated[str, Line(255)] | None
        priority: Literal["low", "normal", "high", "urgent"]
        opened_at: Moment
        risk: TicketRisk | None = None  # of a case that nobody has asked for

    type: Literal["forewarn.ticket.opened.v1"] = "forewarn.ticket.opened.v1"
    data: Data


class TicketReceived(Fact):
    """The customer wrote: the message that opened the ticket, or a later one on it."""

    class Data(Ticket):
        message_id: Id
        channel: Annotated[str, Line(255)]
        subject: Annotated[str, Line(250)]
        body: Annotated[str, Field(max_length=100_000)]
        written_at: Moment

    type: Literal["forewarn.ticket.received.v1"] = "forewarn.ticket.received.v1"
    data: Data


class TicketReplied(Fact):
    """The customer gets a message on the ticket; notifier delivers it.

    The notification that brings it has an id of its own: `identity(ticket_id, reply_id)` (`shared/events/envelope.py`).
    kind `answer`: the known incident's status, at once; `reply`: a person's words; `resolved`: the incident's all-clear,
    which earlier versions said here; now `ticket.resolved` says it, and notifier writes the mail.
    """

    class Data(Ticket):
        reply_id: Id
        kind: Literal["answer", "resolved", "reply"]
        author: Annotated[str, Line(255)]
        subject: Annotated[str, Line(500)]
        body: str
        incident_id: str | None = None
        replied_at: Moment

    type: Literal["forewarn.ticket.replied.v1"] = "forewarn.ticket.replied.v1"
    data: Data


class TicketLinked(Fact):
    """The ticket is about a known incident; the reasons say how we know."""

    class Data(Ticket):
        incident_id: Id
        reasons: tuple[str, ...]

    type: Literal["forewarn.ticket.linked.v1"] = "forewarn.ticket.linked.v1"
    data: Data


class TicketUnlinked(Fact):
    """The ticket is not about that incident after all."""

    class Data(Ticket):
        incident_id: Id
        verdict: str  # what it is about instead, in the agent's words

    type: Literal["forewarn.ticket.unlinked.v1"] = "forewarn.ticket.unlinked.v1"
    data: Data


class Suggested(Payload):
    """This is one incident that a ticket may be about: an agent decides."""

    incident_id: Id
    score: Annotated[float, Field(ge=0, le=1)]
    reasons: tuple[str, ...]


class TicketSuggested(Fact):
    """The ticket may be about these incidents, and it is not certain enough to link it."""

    class Data(Ticket):
        incidents: Annotated[tuple[Suggested, ...], First(100)]  # the likeliest first

    type: Literal["forewarn.ticket.suggested.v1"] = "forewarn.ticket.suggested.v1"
    data: Data


class TicketAssigned(Fact):
    """An agent has the ticket now; None when it went back to the queue."""

    class Data(Ticket):
        agent: str | None

    type: Literal["forewarn.ticket.assigned.v1"] = "forewarn.ticket.assigned.v1"
    data: Data


class SlaClock(Ticket):
    """Is one promise about one ticket."""

    clock: Literal["first_response", "next_response", "resolution"]
    due_at: Deadline


class TicketSlaWarning(Fact):
    """A deadline is near and can still be kept."""

    class Data(SlaClock):
        pass

    type: Literal["forewarn.ticket.sla_warning.v1"] = "forewarn.ticket.sla_warning.v1"
    data: Data


class TicketSlaBreached(Fact):
    """A deadline was missed, for good."""

    class Data(SlaClock):
        pass

    type: Literal["forewarn.ticket.sla_breached.v1"] = "forewarn.ticket.sla_breached.v1"
    data: Data


class TicketResolved(Fact):
    """The customer's trouble is over, as far as we know."""

    class Data(Ticket):
        resolution: str
        incident_id: str | None = None  # the incident that the ticket was linked to
        tell: bool = False  # whether the incident's end resolved it and notifier is to tell the customer
        resolved_at: Moment

    type: Literal["forewarn.ticket.resolved.v1"] = "forewarn.ticket.resolved.v1"
    data: Data


class TicketReopened(Fact):
    """The customer's trouble was not over, so the ticket is open again."""

    class Data(Ticket):
        reason: str
        reopened_at: Moment

    type: Literal["forewarn.ticket.reopened.v1"] = "forewarn.ticket.reopened.v1"
    data: Data


class TicketClosed(Fact):
    """Nobody came back to the resolved ticket, so its record is final."""

    class Data(Ticket):
        closed_at: Moment

    type: Literal["forewarn.ticket.closed.v1"] = "forewarn.ticket.closed.v1"
    data: Data


class TicketRated(Fact):
    """The customer rated how the ticket was handled."""

    class Data(Ticket):
        score: Annotated[int, Field(ge=1, le=5)]
        comment: str = ""

    type: Literal["forewarn.ticket.rated.v1"] = "forewarn.ticket.rated.v1"
    data: Data
