"""Rules of what people allow: switches, dry runs, and approvals of large audiences. Pure."""

from datetime import timedelta

from services.notifier.deciding.decision import Hold, Suppressed, Waiting, Why
from services.notifier.deciding.policy import Policy
from services.notifier.deciding.rules.age import oldest, too_old
from services.notifier.deciding.rules.reach import where
from services.notifier.notification import OWED, Kind, Reason
from services.notifier.permission import Gate, Mode, Scope, Standing, Step, Switch
from services.notifier.situation import Situation

SHORTLY = timedelta(seconds=1)  # after the last moment of which it could be told, it is decided for good


def switched_off(situation: Situation, policy: Policy) -> Hold | None:
    """Nothing is told while a switch is thrown. It is held until the switch is released (`acts/releasing.py`) or it is too old."""
    thrown = next((each for each in situation.permission.switches if _stops(each, situation, policy)), None)
    if thrown is None or too_old(situation, policy):
        return None
    why = {"switch": thrown.scope, "name": thrown.name, "mode": thrown.mode, "by": thrown.by}
    return Hold(situation.now + oldest(situation, policy) - situation.age + SHORTLY, Waiting.SWITCHED_OFF, why)


def rehearsed(situation: Situation, policy: Policy) -> Suppressed | None:
    """What we would say first is told to nobody in a dry run, or while its rule is in shadow. Ends are owed to those who were told."""
    if not _speaks_first(situation):
        return None
    if situation.permission.step is Step.SHADOW:
        return Suppressed(Reason.DRY_RUN, {"step": Step.SHADOW})
    thrown = next(
        (each for each in situation.permission.switches if each.mode is Mode.DRY_RUN and _concerns(each, situation, policy)), None
    )
    return Suppressed(Reason.DRY_RUN, {"switch": thrown.scope, "name": thrown.name}) if thrown else None


def unapproved(situation: Situation, policy: Policy) -> Suppressed | Hold | None:
    """A large audience waits until a person approves of it; what is not approved in time is not told."""
    gate = situation.permission.gate
    if gate is None or not _speaks_first(situation) or situation.notification.sent_at is not None or _approved(gate):
        return None
    why: Why = {"approval": gate.standing or Standing.WAITING, "gate": gate.id, "audience": gate.audience, "up_to": gate.up_to}
    if gate.standing in (Standing.REJECTED, Standing.EXPIRED):
        return Suppressed(Reason.UNAPPROVED, why)
    if _goes_alone(gate, situation.permission.step):
        return None
    if gate.expires_at is not None and gate.expires_at <= situation.now:
        return Suppressed(Reason.UNAPPROVED, why | {"approval": Standing.EXPIRED})
    if (contact := where(situation, policy)) is not None:
        why |= {"channel": contact.channel}  # as people are told who approve of it
    return Hold(gate.expires_at or situation.now + policy.autonomy.expires_after, Waiting.UNAPPROVED, why)


def _approved(gate: Gate) -> bool:
    return gate.round == 0 or gate.standing is Standing.APPROVED


def _goes_alone(gate: Gate, step: Step) -> bool:
    """Says whether the step of the rule is enough."""
    return step is Step.AUTO or (step is Step.AUTO_UP_TO and gate.audience <= gate.up_to)


def _stops(switch: Switch, situation: Situation, policy: Policy) -> bool:
    """Says whether a switch stops this. A brake concerns audiences: what is owed to one customer goes on."""
    if switch.mode is Mode.DRY_RUN or (switch.mode is Mode.BRAKE and not _speaks_first(situation)):
        return False
    return _concerns(switch, situation, policy)


def _concerns(switch: Switch, situation: Situation, policy: Policy) -> bool:
    if switch.scope is not Scope.CHANNEL:
        return True
    contact = where(situation, policy)
    return contact is not None and contact.channel == switch.name


def _speaks_first(situation: Situation) -> bool:
    """Says whether a rule, and no person, has us tell the customer something new."""
    notification = situation.notification
    return notification.proactive and notification.kind not in (*OWED, Kind.CORRECTION)
