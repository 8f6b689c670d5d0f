"""The situation is all that is known at the moment a notification is decided about. A value only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifier.audience import Customer, Preferences
from services.notifier.incident import Incident
from services.notifier.notification import ENDS, Kind, Notification
from services.notifier.permission import NOTHING_FORBIDDEN, Permission
from services.notifier.sender_brake import Paused


class Arm(StrEnum):
    """The arms of an experiment."""

    TOLD = "told"  # as ever
    HELD_OUT = "held_out"  # not told


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
    arms: Mapping[str, Arm] | None = None  # that the customer was given, by experiment
    ttls: Mapping[str, timedelta | None] = field(default_factory=dict)  # how long channels try; of others, as notifications.yml says

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
        return self.incident.rule if self.incident is not None else None

    @property
    def going_on(self) -> Incident | None:
        """Returns the incident of which it says first that it goes on; None for ends, replies and what is about no incident."""
        return self.incident if self.notification.proactive and self.notification.kind not in (*ENDS, Kind.CORRECTION) else None

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
