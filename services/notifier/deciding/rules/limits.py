"""Rules of how often a customer is told. Pure."""

from services.notifier.deciding.decision import Hold, Suppressed, Waiting, Why, seconds
from services.notifier.deciding.digest import may_join
from services.notifier.deciding.policy import Policy
from services.notifier.deciding.rules.reach import where
from services.notifier.notification import OWED, Kind, Reason
from services.notifier.situation import Situation

CRITICAL = "critical"  # the severity of incidents of which a person may say more than the cap allows


def gathered(situation: Situation, policy: Policy) -> Hold | None:
    """Who was told something just now hears of what follows in one message. What is critical, or being tried already, is told at once."""
    digest, told_at, notification = policy.digest, situation.last_told, situation.notification
    if digest is None or told_at is None or situation.joins or notification.begun_at is not None:
        return None
    if situation.incident is not None and situation.incident.critical:
        return None
    contact, until = where(situation, policy), told_at + digest.within
    if contact is None or not may_join(situation, contact) or until <= situation.now:
        return None
    return Hold(until, Waiting.DIGEST, {"last_told": told_at.isoformat(), "digest_s": seconds(digest.within)})


def capped(situation: Situation, policy: Policy) -> Suppressed | None:
    """Proactive notifications are limited to so many a customer and hour; the end of what was told is owed.

    What a person says of a critical incident is told all the same.
    """
    notification, incident = situation.notification, situation.incident
    exempt = not notification.proactive or notification.kind in (*OWED, Kind.CORRECTION) or notification.sent_at is not None
    urgent = situation.of_person and incident is not None and incident.severity == CRITICAL
    if exempt or urgent or situation.recent < policy.caps.count:
        return None
    return Suppressed(Reason.CAPPED, how_often(situation, policy))


def spread(situation: Situation, policy: Policy) -> Hold | None:  # noqa: ARG001
    """Only so many are told in a minute, of one incident and in all; the others have their turn in one of the next."""
    turn = situation.turn
    if turn is None:
        return None
    return Hold(turn.at, Waiting.SPREAD, {"limit": turn.scope, "per_minute": turn.per_minute})


def how_often(situation: Situation, policy: Policy) -> Why:
    """Returns the figures of how often the customer was told lately."""
    return {"recent": situation.recent, "cap": policy.caps.count, "per_s": seconds(policy.caps.per)}
