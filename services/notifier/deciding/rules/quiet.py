"""Rules of when: nobody is woken by what is not urgent. Pure."""

from services.notifier.deciding.decision import Hold, Waiting
from services.notifier.deciding.policy import Policy
from services.notifier.deciding.rules.reach import where
from services.notifier.situation import Situation

SYSTEMS = ("webhook",)  # channels that lead to a customer's systems, which do not sleep


def quiet(situation: Situation, policy: Policy) -> Hold | None:
    """What we say first waits until the customer's quiet hours are over, and is decided anew then.

    Critical incidents are told at any hour, and so are their ends; replies go to who has just written.
    """
    hours, customer, contact, incident = policy.quiet_hours, situation.customer, where(situation, policy), situation.incident
    if hours is None or customer is None or contact is None or not situation.notification.proactive:
        return None
    if contact.channel in SYSTEMS or (incident is not None and incident.critical):
        return None
    zone = hours.zone(customer.timezone)
    until = hours.until(situation.now, zone)
    return None if until is None else Hold(until, Waiting.QUIET_HOURS, {"quiet_until": until.isoformat(), "zone": zone.key})
