"""Rules of where to: a customer who cannot be reached is not told. Pure."""

from datetime import timedelta

from services.notifier.audience import Contact, contact_for
from services.notifier.deciding.decision import Hold, Suppressed, Waiting, Why, pause, seconds
from services.notifier.deciding.policy import Policy
from services.notifier.notification import Reason
from services.notifier.situation import Situation

AT_LEAST, AT_MOST = timedelta(seconds=1), timedelta(minutes=1)  # between two looks for a customer in the directory


def no_contact(situation: Situation, policy: Policy) -> Suppressed | Hold | None:
    """The customer has no address that can be used. A customer the directory does not know yet is waited for, but not for ever."""
    customer = situation.customer
    if customer is None:
        why: Why = {"customer": "unknown", "waited_s": seconds(situation.waited)}
        if situation.waited >= policy.wait_for_customer:
            return Suppressed(Reason.NO_CONTACT, why)
        return Hold(pause(situation, AT_LEAST, AT_MOST), Waiting.UNKNOWN_CUSTOMER, why)
    if where(situation, policy) is not None:
        return None
    there = [contact for contact in customer.contacts if contact.channel in policy.channels]
    return Suppressed(Reason.NO_CONTACT, {"addresses": len(there), "bad": sum(contact.bad for contact in there)})


def where(situation: Situation, policy: Policy) -> Contact | None:
    """Returns where the customer is told: at the next address where it has not failed, or again where it may have arrived."""
    customer, notification = situation.customer, situation.notification
    return contact_for(customer, policy.channels, notification.failed_at, notification.unknown_at) if customer else None
