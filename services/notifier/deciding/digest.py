"""A digest: what one customer must know at about the same time is told in one message. Pure.

Whoever was told of trouble just now hears of more of it together, when that is so long ago; and so it is with what is over. A message
that goes to them anyway tells all that waits for this, and all that is due at that moment. Each thing stays a notification of its own
in the ledger.
"""

from datetime import timedelta

from pydantic import Field

from services.notifier.audience import Contact
from services.notifier.notification import ENDS, Kind
from services.notifier.situation import Situation
from shared.configuration.files import Config, PositiveDuration

LONGEST = timedelta(hours=1)
TOGETHER = (Kind.OPENED, Kind.UPDATED, *ENDS)  # what one message may tell of several incidents
ALONE = ("webhook", "sms")  # channels on which each message says one thing: systems read it, or every character counts


class Digest(Config):
    """How what follows soon is told together."""

    within: PositiveDuration = Field(
        timedelta(minutes=10),
        le=LONGEST,
        description="who was told something so recently hears of what follows together, once this is over",
    )
    most: int = Field(10, ge=2, le=50, description="things that one message tells of")


def may_join(situation: Situation, contact: Contact) -> bool:
    """Says whether it can be told in one message with others, at this address."""
    notification = situation.notification
    return notification.kind in TOGETHER and notification.proactive and contact.channel not in ALONE
