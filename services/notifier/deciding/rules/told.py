"""Rules of what the customer has been told otherwise: on a ticket, or as another customer at the same address. Pure."""

from services.notifier.deciding.decision import Suppressed
from services.notifier.deciding.policy import Policy
from services.notifier.notification import Reason
from services.notifier.situation import Situation


def answered(situation: Situation, policy: Policy) -> Suppressed | None:  # noqa: ARG001
    """A customer whose ticket was answered with the incident knows of it; they hear of its end on the ticket."""
    return Suppressed(Reason.ANSWERED, {"ticket": situation.answered_on}) if situation.answered_on is not None else None


def duplicate(situation: Situation, policy: Policy) -> Suppressed | None:  # noqa: ARG001
    """One person is told the same once, also when two customers of the directory lead to the same address."""
    return Suppressed(Reason.DUPLICATE, {"told_by": situation.told_by}) if situation.told_by is not None else None
