"""Rules of the way: a channel that pauses brings only what cannot wait. Pure."""

from datetime import timedelta

from services.notifier.deciding.decision import Hold, Waiting, Why, pause
from services.notifier.deciding.policy import Policy
from services.notifier.deciding.rules.reach import where
from services.notifier.sender_brake import Cause
from services.notifier.situation import Situation

AT_LEAST, AT_MOST = timedelta(minutes=1), timedelta(minutes=10)  # between two looks for whether a person has let it go on
CRITICAL = "critical"  # the severity of incidents that are told all the same


def paused(situation: Situation, policy: Policy) -> Hold | None:
    """A channel of which too much came back brings nothing that we say first, but for critical incidents; replies go out."""
    if not situation.paused:
        return None
    contact, incident = where(situation, policy), situation.incident
    held = next((each for each in situation.paused if contact is not None and each.channel == contact.channel), None)
    if held is None or not situation.notification.proactive or (incident is not None and incident.severity == CRITICAL):
        return None
    counts = held.counts
    why: Why = {"channel": held.channel, "cause": held.cause, "sent": counts.sent}
    why |= {"bounced": counts.bounced} if held.cause is Cause.BOUNCES else {"complained": counts.complained}
    return Hold(pause(situation, AT_LEAST, AT_MOST), Waiting.PAUSED, why)
