"""Rules of what the customer wants: the erased are told nothing, and nobody is told first what they did not want to hear. Pure."""

from services.notifier.audience import wants
from services.notifier.deciding.decision import Suppressed
from services.notifier.deciding.policy import Policy
from services.notifier.notification import Reason
from services.notifier.situation import Situation


def erased(situation: Situation, policy: Policy) -> Suppressed | None:  # noqa: ARG001
    """A customer who asked to be forgotten is never told anything again."""
    if situation.erased:
        return Suppressed(Reason.ERASED, {})
    return None


def opted_out(situation: Situation, policy: Policy) -> Suppressed | None:  # noqa: ARG001
    """A reply to what the customer asked is no subject of consent."""
    purpose = situation.notification.purpose
    if not situation.notification.proactive or wants(situation.customer, situation.preferences, purpose):
        return None
    return Suppressed(Reason.OPTED_OUT, {"purpose": purpose, "by": "customer" if _chose(situation, purpose) else "directory"})


def whose_consent(situation: Situation) -> str:
    """Says whose consent counts: the customer's own choice, the directory's, or nobody's, since silence is yes."""
    purpose = situation.notification.purpose
    if _chose(situation, purpose):
        return "customer"
    return "directory" if situation.customer and purpose in (situation.customer.consent or {}) else "silence"


def _chose(situation: Situation, purpose: str) -> bool:
    return getattr(situation.preferences, purpose) is not None
