"""Rules of where to: a customer who cannot be reached is not told. Pure."""

from datetime import timedelta

from services.notifier.audience import contact_for
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
    if contact_for(customer) is not None:
        return None
    emails = [contact for contact in customer.contacts if contact.channel == "email"]
    return Suppressed(Reason.NO_CONTACT, {"emails": len(emails), "bad": sum(contact.bad for contact in emails)})
