"""A ticket's life is a state machine: `MOVES` says which act is possible in which state, and where it leads. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from services.ticketing.sla.clock import Clock

FOREWARN = "forewarn"  # what Forewarn is called where it acts by itself; that it does is said by `Actor.kind`, never by this name

Priority = Literal["low", "normal", "high", "urgent"]


class Status(StrEnum):
    """The state of a ticket says whose turn it is."""

    OPEN = "open"  # nobody has it
    IN_PROGRESS = "in_progress"  # an agent has it
    WAITING = "waiting"  # answered: for the customer's next word, or for the incident to end
    RESOLVED = "resolved"  # the trouble is over, as far as we know; the customer's next word opens it again
    CLOSED = "closed"  # the record is final; the customer's next word makes a new ticket


class Act(StrEnum):
    """The acts: what may happen to a ticket."""

    ASSIGN = "assign"  # an agent takes it
    UNASSIGN = "unassign"  # it goes back to the queue
    REPLY = "reply"  # an agent writes to the customer
    ANSWER = "answer"  # it is answered with the status of a known incident
    WRITE = "write"  # the customer writes again
    LINK = "link"  # an agent says that it is about an incident
    UNLINK = "unlink"  # an agent says that it is not about that incident
    RESOLVE = "resolve"  # the trouble is over
    REOPEN = "reopen"  # an agent says that it was not over
    CLOSE = "close"  # nobody came back to a resolved ticket


UNRESOLVED = (Status.OPEN, Status.IN_PROGRESS, Status.WAITING)

MOVES: dict[Act, dict[Status, Status]] = {
    Act.ASSIGN: {Status.OPEN: Status.IN_PROGRESS, Status.IN_PROGRESS: Status.IN_PROGRESS, Status.WAITING: Status.WAITING},
    Act.UNASSIGN: {Status.OPEN: Status.OPEN, Status.IN_PROGRESS: Status.OPEN, Status.WAITING: Status.WAITING},
    # A reply to a resolved ticket reaches the customer and does not reopen it.
    Act.REPLY: dict.fromkeys(UNRESOLVED, Status.WAITING) | {Status.RESOLVED: Status.RESOLVED},
    Act.ANSWER: {Status.OPEN: Status.WAITING, Status.IN_PROGRESS: Status.IN_PROGRESS, Status.WAITING: Status.WAITING},
    Act.WRITE: {
        Status.OPEN: Status.OPEN,
        Status.IN_PROGRESS: Status.IN_PROGRESS,
        Status.WAITING: Status.OPEN,
        Status.RESOLVED: Status.OPEN,
    },
    Act.LINK: {status: status for status in UNRESOLVED},
    # A ticket that only an automatic answer has dealt with needs a person once the link is undone.
    Act.UNLINK: dict.fromkeys((Status.OPEN, Status.WAITING, Status.RESOLVED), Status.OPEN) | {Status.IN_PROGRESS: Status.IN_PROGRESS},
    Act.RESOLVE: dict.fromkeys(UNRESOLVED, Status.RESOLVED),
    Act.REOPEN: {Status.RESOLVED: Status.OPEN},
    Act.CLOSE: {Status.RESOLVED: Status.CLOSED},
}


# An agent can do these acts through REST; each has the name of its route.
ROUTES: dict[Act, str] = {
    Act.ASSIGN: "assign",
    Act.UNASSIGN: "assign",
    Act.REPLY: "reply",
    Act.LINK: "link",
    Act.UNLINK: "unlink",
    Act.RESOLVE: "resolve",
    Act.REOPEN: "reopen",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """The act is not possible on a ticket in this state."""

    act: Act
    status: Status

    def __str__(self) -> str:
        return f"{self.act} is not possible on a ticket that is {self.status}"


def move(status: Status, act: Act) -> Status | Refused:
    """Returns the state the act leads to, or that it is refused."""
    to = MOVES[act].get(status)
    return to if to is not None else Refused(act, status)


def routes_open(status: Status, *, is_linked: bool) -> tuple[str, ...]:
    """Returns the routes by which an agent can act on a ticket in this state; a linked one can only be unlinked, another only linked."""
    not_now = Act.LINK if is_linked else Act.UNLINK
    return tuple(dict.fromkeys(route for act, route in ROUTES.items() if act is not not_now and status in MOVES[act]))


@dataclass(frozen=True, slots=True)
class Ticket:
    """One customer's case, as far as decisions need it."""

    id: str
    number: int
    customer_id: str
    channel: str
    subject: str
    component: str | None
    priority: Priority
    status: Status
    assignee: str | None
    incident_id: str | None  # it is linked to now
    opened_at: datetime  # when the customer wrote
    resolved_at: datetime | None
    first_response: Clock
    risk_id: str | None = None  # that it was opened for, before its customer wrote


def reference(said: str | None) -> str | None:
    """Returns a ticket's id or number as people write it: `#1042` is 1042."""
    return (said or "").strip().removeprefix("#") or None
