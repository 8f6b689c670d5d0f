"""A notification is one thing that one customer must know. Values only; `deciding/` decides about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from shared.events import identity


class Kind(StrEnum):
    OPENED = "opened"  # an incident affects you
    UPDATED = "updated"  # what we said about it has changed
    RESOLVED = "resolved"  # the all-clear
    WITHDRAWN = "withdrawn"  # we watch this trouble no longer; whether it is over is not known
    DISMISSED = "dismissed"  # it was a false alarm
    ANSWER = "answer"  # to a request about a known incident: its status, at once
    REPLY = "reply"  # a person's words on a ticket
    GUIDANCE = "guidance"  # how to get on, to a customer at risk
    CORRECTION = "correction"  # what we told you was wrong; in a person's words
    NOTICE = "notice"  # about what they have set up with us: their endpoint is called no more
    MAINTENANCE_PLANNED = "maintenance_planned"  # we are going to work on the product, or do already
    MAINTENANCE_CHANGED = "maintenance_changed"  # what we told you of it has changed
    MAINTENANCE_STARTED = "maintenance_started"  # what we told you of begins
    MAINTENANCE_ENDED = "maintenance_ended"  # it is over
    MAINTENANCE_CANCELLED = "maintenance_cancelled"  # it does not come, or has stopped


class Status(StrEnum):
    WAITING = "waiting"  # → delivered, failed, suppressed
    DELIVERED = "delivered"  # the provider accepted it; final
    FAILED = "failed"  # no retry will bring it; final
    SUPPRESSED = "suppressed"  # not told, and why; → waiting, when the same becomes true again later


class Reason(StrEnum):
    """The reasons why a customer is not told: a closed list, also a metric's label."""

    ERASED = "erased"  # the customer asked to be forgotten
    OPTED_OUT = "opted_out"  # the customer does not want to be told of incidents
    STALE = "stale"  # no longer true, or too old to be worth saying
    SUPERSEDED = "superseded"  # something newer is told instead
    ANSWERED = "answered"  # a ticket of theirs was answered with the incident
    CAPPED = "capped"  # told often enough within the hour
    NO_CONTACT = "no_contact"  # nowhere to bring it
    DRY_RUN = "dry_run"  # told to nobody: its rule is in shadow, or a dry run is on
    UNAPPROVED = "unapproved"  # a person did not approve of the audience, or not in time
    HELD_OUT = "held_out"  # an experiment measures how those fare who are not told
    DUPLICATE = "duplicate"  # the same person got it at the same address, as another customer


TELLING = (Kind.OPENED, Kind.ANSWER)  # who was told this of an incident is owed its end
ENDS = (Kind.RESOLVED, Kind.WITHDRAWN, Kind.DISMISSED)  # one of them, as the incident ended
AFTER_ALARM = (Kind.UPDATED, *ENDS)  # for those alone who were told of the incident
OF_MAINTENANCE = tuple(kind for kind in Kind if kind.startswith("maintenance_"))
# What is owed to who was told before: how it ended, whether it was an incident or maintenance.
OWED = (*ENDS, Kind.MAINTENANCE_ENDED, Kind.MAINTENANCE_CANCELLED)


@dataclass(frozen=True, slots=True)
class TicketRef:
    """A ticket by its id, and by the number people call it."""

    id: str
    number: int


@dataclass(frozen=True, slots=True)
class Tickets:
    """The tickets of some customers and one incident: of each the first that is about it, and those that an agent found not to be."""

    about: Mapping[str, TicketRef]
    not_about: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver it."""

    at: datetime
    outcome: str  # delivered, retry, failed
    reason: str  # of a closed list; empty when delivered
    detail: str  # codes of the provider, never an address


@dataclass(frozen=True, slots=True)
class Draft:
    """A notification as it is about to enter the ledger. The same id is the same thing to know, whoever says it."""

    id: str
    customer_id: str
    kind: Kind
    about_at: datetime  # since when it is true: the age of a notification counts from here
    cause_id: str | None
    cause_hops: int
    incident_id: str | None = None
    ticket_id: str | None = None  # set: a reply to what the customer asked; not set: we speak first (proactive)
    ticket_number: int | None = None
    subject: str | None = None  # a ticket's words; None: ours, from notifications.yml
    body: str | None = None
    first_seen_at: datetime | None = None  # the customer's first bad event
    evidence: Mapping[str, Any] | None = None
    period: str | None = None  # of maintenance that it is about

    @property
    def gate(self) -> str | None:
        """Returns what must be approved as one for it to be told: its incident, the period, or the advice of its rule on that day."""
        match self.kind:
            case Kind.OPENED if self.ticket_id is None:
                return self.incident_id
            case Kind.MAINTENANCE_PLANNED:
                return self.period
            case Kind.GUIDANCE:
                return f"{(self.evidence or {}).get('rule', '')} {self.about_at.astimezone(UTC):%Y-%m-%d}"
        return None


@dataclass(frozen=True, slots=True)
class Notification(Draft):
    """A notification as the ledger has it."""

    status: Status = Status.WAITING
    created_at: datetime | None = None
    sent_at: datetime | None = None  # it was handed to a provider, and not refused: the customer has it, or may have it
    dated_at: datetime | None = None  # when the first try began
    attempts: tuple[Attempt, ...] = ()
    awaits_incident: bool = False  # the last decision hangs on what monitor says next
    failed_at: frozenset[tuple[str, str]] = frozenset()  # channels and addresses where it failed since it was entered
    unknown_at: frozenset[tuple[str, str]] = frozenset()  # and where it may have arrived
    why: Mapping[str, Any] | None = None  # the figures of the last decision

    @property
    def proactive(self) -> bool:
        return self.ticket_id is None

    @property
    def removed(self) -> bool:
        """Says whether it is theirs no more: a person took the customer out of the incident, or the risk is over."""
        return bool(self.evidence and self.evidence.get("removed"))

    @property
    def begun(self) -> bool:
        """Says whether it was tried before, or is being."""
        return bool(self.attempts) or self.sent_at is not None

    @property
    def under_way(self) -> bool:
        """Says whether it is being sent, or may have arrived: whoever has it is known once it has an outcome."""
        return self.status is Status.WAITING and self.sent_at is not None

    def said(self, of: str) -> int:
        """Returns up to which news of an incident or a period it spoke, by the revision of these; 0 for none."""
        why = self.why or {}
        return int(why.get("news", 0)) if why.get("news_of") == of else 0

    @property
    def begun_at(self) -> datetime | None:
        """Returns when the first try began; None before. A later entry of what never went out has a first try of its own."""
        of_this_entry = self.dated_at is not None and (self.created_at is None or self.created_at <= self.dated_at)
        return self.dated_at if of_this_entry or self.sent_at is not None else None

    def date(self, now: datetime) -> datetime:
        """Returns the Date of its mail: when the first try began."""
        return self.begun_at or now

    @property
    def purpose(self) -> str:
        """Returns what the customer's consent is about."""
        return "guidance" if self.kind is Kind.GUIDANCE else "incident"


def told_id(incident_id: str, customer_id: str) -> str:
    """Returns the id of telling this customer that the incident affects them."""
    return identity(incident_id, "opened", customer_id)


def guidance_id(risk_id: str, customer_id: str) -> str:
    """Returns the id of helping this customer with the risk: once, whatever its rule asks for."""
    return identity(risk_id, "guidance", customer_id)


def end_id(incident_id: str, kind: Kind, customer_id: str) -> str:
    """Returns the id of telling this customer how the incident ended: one for each kind of end, whichever fact it follows from."""
    return identity(incident_id, kind.value, customer_id)


def update_id(incident_id: str, revision: int, customer_id: str) -> str:
    """Returns the id of telling this customer the news that the incident had at this revision."""
    return identity(incident_id, Kind.UPDATED.value, revision, customer_id)


def period_id(period: str, kind: Kind, customer_id: str, revision: int | None = None) -> str:
    """Returns the id of telling this customer of a period of maintenance: once a kind, or once a change."""
    return identity(period, kind.value, customer_id, *(() if revision is None else (revision,)))


def correction_id(correction: str, customer_id: str) -> str:
    """Returns the id of telling this customer a correction: once, however often it is asked for."""
    return identity(correction, customer_id)
