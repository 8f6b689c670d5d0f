"""A decision to send is a value: what, in which words, and why. A value only; `timers.py` acts on it."""

from dataclasses import dataclass
from typing import Any

from services.notifier.audience import Contact
from services.notifier.channels.outcome import Rendered
from services.notifier.notification import Notification


@dataclass(frozen=True, slots=True)
class Sending:
    """A decision to send that is written down; it is not sent yet."""

    notification: Notification
    contact: Contact
    message: Rendered
    why: dict[str, Any]  # the figures of the decision
    others: tuple["Sending", ...] = ()  # told in the same message, each with its own part of it

    @property
    def all(self) -> tuple["Sending", ...]:
        """Returns everything that the message tells."""
        return (self, *self.others)
