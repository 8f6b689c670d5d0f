"""A delivery is one way of bringing a notification: an address on a channel, and what came of it. Values only."""

from collections.abc import Mapping
from enum import StrEnum

from services.notifier.channels.outcome import Delivered, Failed, Outcome


class DeliveryStatus(StrEnum):
    """The states of a delivery. `MOVES` has the changes there may be."""

    SENDING = "sending"  # it is handed to the provider, or the process that did so died
    WAITING = "waiting"  # it was not taken, and is tried again
    UNKNOWN = "unknown"  # it may have arrived, and is tried again with the same id
    DELIVERED = "delivered"  # the provider took it; it may come back
    FAILED = "failed"  # this way does not bring it; tried again when the customer's addresses were corrected


ENDED = (DeliveryStatus.WAITING, DeliveryStatus.UNKNOWN, DeliveryStatus.DELIVERED, DeliveryStatus.FAILED)

MOVES: Mapping[DeliveryStatus, tuple[DeliveryStatus, ...]] = {
    DeliveryStatus.SENDING: (DeliveryStatus.SENDING, *ENDED),  # to itself: by who takes over from a process that died
    DeliveryStatus.WAITING: (DeliveryStatus.SENDING,),
    DeliveryStatus.UNKNOWN: (DeliveryStatus.SENDING,),
    DeliveryStatus.DELIVERED: (DeliveryStatus.FAILED,),
    DeliveryStatus.FAILED: (DeliveryStatus.WAITING,),
}


def status_after(outcome: Outcome) -> DeliveryStatus:
    """Returns what a delivery is once its try has come to this."""
    match outcome:
        case Delivered():
            return DeliveryStatus.DELIVERED
        case Failed():
            return DeliveryStatus.FAILED
    return DeliveryStatus.UNKNOWN if outcome.uncertain else DeliveryStatus.WAITING
