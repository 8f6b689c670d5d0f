"""The situation is all that is known at the moment a notification is decided about. A value only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifier.audience import Customer, Preferences
from services.notifier.channels.outcome import Words
from services.notifier.incident import Incident
from services.notifier.maintenance import RULE, Period
from services.notifier.notification import ENDS, OF_MAINTENANCE, Kind, Notification
from services.notifier.permission import NOTHING_FORBIDDEN, Permission
from services.notifier.returning.brake import Paused


class Arm(StrEnum):
    """The arms of an experiment."""

    TOLD = "told"  # as ever
    HELD_OUT = "held_out"  # not told


@dataclass(frozen=True, slots=True)
class Turn:
    """When it is its turn, where only so many are told in a minute and these have been told."""

    at: datetime
    scope: str  # one incident, all of them, or all critical ones
    per_minute: int


@dataclass(frozen=True, slots=True)
class Situation:
    """All that counts when it is decided."""

    notification: Notification
    customer: Customer | None  # None: the directory does not know them yet
    preferences: Preferences
    incident: Incident | None
    recent: int  # proactive notifications this customer got, or may have got, within the cap's time
    now: datetime
    erased: bool = False  # the customer was erased: nothing is known of them
    paused: tuple[Paused, ...] = ()  # the channels that the sender's brake holds
    permission: Permission = NOTHING_FORBIDDEN  # what people allow
    period: Period | None = None  # of maintenance that it is about
    arms: Mapping[str, Arm] | None = None  # that the customer was given, by experiment
    ttls: Mapping[str, timedelta | None] = field(default_factory=dict)  # how long channels try; of others, as notifications.yml says
    # These are asked for only where they can count (`acts/asking.py`).
    answered_on: str | None = None  # the ticket on which they were told of the incident
    told_by: str | None = None  # the notification by which the same was told at the same address, to another customer
    turn: Turn | None = None  # None: they need not wait for one
    last_told: datetime | None = None  # when they were told last, of trouble or of an end, whichever it is; None: not lately
    joins: bool = False  # it is told in one message with others
    items: tuple[Words, ...] = ()  # what its message tells, where that is more than one thing: this first

    @property
    def of_incident(self) -> bool:
        """Says whether the incident decides if it is true: it does for words of ours, on a ticket too, and not for a ticket's words."""
        return self.notification.body is None and self.notification.incident_id is not None

    @property
    def rule(self) -> str | None:
        """Returns the rule that has us say it; None for what a person says."""
        notification = self.notification
        match notification.kind:
            case Kind.GUIDANCE:
                return str((notification.evidence or {}).get("rule", ""))
            case Kind.REPLY | Kind.CORRECTION:
                return None
        if notification.kind in OF_MAINTENANCE:
            return RULE
        return self.incident.rule if self.incident is not None else None

    @property
    def going_on(self) -> Incident | None:
        """Returns the incident of which it says first that it goes on; None for ends, people's words and what is about no incident."""
        said_by_us = self.notification.proactive and self.notification.kind not in (*ENDS, Kind.CORRECTION) and not self.of_person
        return self.incident if said_by_us else None

    @property
    def of_person(self) -> bool:
        """Says whether it is an update in a person's words: they are true as long as the incident is open."""
        incident = self.incident
        return self.notification.kind is Kind.UPDATED and bool(incident and incident.news and incident.news.of_person)

    @property
    def age(self) -> timedelta:
        """Returns for how long it has been true; an end is as old as the incident says."""
        about_at, incident = self.notification.about_at, self.incident
        ended_at = incident.ended_at if incident is not None and self.notification.kind in ENDS else None
        return self.now - min(about_at, ended_at or about_at)

    @property
    def waited(self) -> timedelta:
        """Returns for how long it has been in the ledger."""
        return self.now - (self.notification.created_at or self.now)
