"""Rules of experiments: who is in the arm that is held out is not told. Pure."""

from services.notifier.deciding.decision import Suppressed, Why
from services.notifier.deciding.policy import Policy
from services.notifier.notification import Kind, Reason
from services.notifier.situation import Arm, Situation


def held_out(situation: Situation, policy: Policy) -> Suppressed | None:
    """It is asked last, so that both arms have those alone who would be told. An incident that becomes critical is told after all."""
    why = arm_in(situation, policy)
    if why.get("arm") != Arm.HELD_OUT:
        return None
    return Suppressed(Reason.HELD_OUT, why, awaits_incident=situation.notification.kind is Kind.OPENED)


def arm_in(situation: Situation, policy: Policy) -> Why:
    """Returns the figures of the experiment that concerns it, and of the customer's arm; none when no experiment does.

    The arm that the customer was given once stands, also when their account is another one by now.
    """
    customer = situation.customer
    experiment = next((each for each in policy.experiments if each.concerns(situation.notification, situation.incident)), None)
    if experiment is None or customer is None:
        return {}
    arm = situation.arms.get(experiment.name) if situation.arms is not None else None
    return {
        "experiment": experiment.name,
        "arm": arm or experiment.arm_of(customer.id, customer.account),
        "share": experiment.share,
    }
