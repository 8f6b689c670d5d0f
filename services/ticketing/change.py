"""The values that acts on tickets take and return. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from services.ticketing.ticket import FOREWARN, Priority, Refused, Ticket
from shared.events import Fact

Kind = Literal["answer", "reply"]  # of what support says


class What(StrEnum):
    """The kinds of what happens to a ticket, as its history and the metrics name them."""

    OPENED = "opened"
    WROTE = "wrote"  # the customer, again
    LINKED = "linked"
    ANSWERED = "answered"  # linked, and told the incident's status
    SUGGESTED = "suggested"  # an incident, to an agent
    UNLINKED = "unlinked"
    ASSIGNED = "assigned"
    REPLIED = "replied"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CLOSED = "closed"
    WARNED = "warned"
    BREACHED = "breached"
    RISK_OVER = "risk_over"  # the risk that it was opened for is cleared


@dataclass(frozen=True, slots=True)
class Cause:
    """The fact that a change follows from; the change may be made long after the fact came."""

    id: str
    hops: int

    @classmethod
    def of(cls, fact: Fact) -> "Cause":
        return cls(fact.id, fact.hops)


@dataclass(frozen=True, slots=True)
class Request:
    """A request: what a customer wrote, however it came."""

    message_id: str  # the same request again has the same
    ticket_id: str  # of the ticket it becomes, unless it continues one
    customer_id: str
    channel: str
    subject: str
    body: str
    component: str | None
    priority: Priority
    in_reply_to: str | None  # a ticket's id or number
    written_at: datetime
    cause: Cause | None
    taken_by: str | None = None  # who wrote it down for the customer, when it came by REST


class ActorKind(StrEnum):
    """The kinds of actors on a ticket."""

    CUSTOMER = "customer"
    AGENT = "agent"
    FOREWARN = "forewarn"  # automatically


@dataclass(frozen=True, slots=True)
class Actor:
    """The actor on a ticket. `act_id` tells two acts of the same kind apart."""

    name: str
    act_id: str = ""
    kind: ActorKind = ActorKind.AGENT

    @property
    def is_automatic(self) -> bool:
        return self.kind is ActorKind.FOREWARN


CUSTOMER = Actor("customer", kind=ActorKind.CUSTOMER)
AUTOMATIC = Actor(FOREWARN, kind=ActorKind.FOREWARN)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that a customer or support wrote on a ticket."""

    id: str
    ticket_id: str
    at: datetime
    side: Literal["customer", "support"]
    author: str
    kind: Kind | Literal["request"]
    subject: str
    body: str
    incident_id: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A link says that a ticket is about an incident, or was thought to be."""

    ticket_id: str
    incident_id: str
    reasons: tuple[str, ...]
    linked_at: datetime
    answered_at: datetime | None
    unlinked_at: datetime | None = None
    unlinked_by: str | None = None
    verdict: str | None = None
    ended_revision: int = -1  # of the incident's last end that needs no further act on the ticket


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggestion says that a ticket may be about an incident: an agent decides."""

    ticket_id: str
    incident_id: str
    score: float
    reasons: tuple[str, ...]
    suggested_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One act and all that follows from it."""

    ticket: Ticket  # after the act
    at: datetime
    by: Actor
    what: What
    detail: dict[str, Any]
    facts: tuple[Fact, ...] = ()
    message: Message | None = None
    link: Link | None = None
    suggestions: tuple[Suggestion, ...] = ()
    clock_starts: bool = False


def unless_refused(change: Change | Refused) -> Change:
    """Returns the change, where only a mistake in our code could lead to a refusal."""
    if isinstance(change, Refused):
        raise TypeError(str(change))
    return change
