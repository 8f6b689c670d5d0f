"""The situation is all that is known at the moment a notification is decided about. A value only."""

from dataclasses import dataclass
from datetime import datetime

from services.notifier.audience import Customer, Preferences
from services.notifier.incident import Incident
from services.notifier.notification import Notification


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
