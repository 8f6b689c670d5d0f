"""Rules decide whether a customer is told now: the first that objects says why, with its figures. Pure.

They are asked before every try, so that only what is still true is said. A decision that hangs on an incident
(`awaits_incident`) is made again when monitor says more about it (`follow_up.py`).
"""

from dataclasses import replace

from services.notifier.deciding.decision import Hold, Rule, Send, Suppressed, Why
from services.notifier.deciding.policy import Policy
from services.notifier.deciding.rules.age import age_of, behind, freshness, outdated, too_old, too_soon
from services.notifier.deciding.rules.channel import paused
from services.notifier.deciding.rules.consent import erased, opted_out, whose_consent
from services.notifier.deciding.rules.experiment import arm_in, held_out
from services.notifier.deciding.rules.limits import capped, gathered, how_often, spread
from services.notifier.deciding.rules.permission import rehearsed, switched_off, unapproved
from services.notifier.deciding.rules.quiet import quiet
from services.notifier.deciding.rules.reach import no_contact, where
from services.notifier.deciding.rules.told import answered, duplicate
from services.notifier.deciding.rules.truth import called_off, early, over, stale, superseded
from services.notifier.situation import Situation

RULES: tuple[Rule, ...] = (
    *(erased, switched_off, opted_out, too_old, early, stale, superseded, called_off, over, behind, outdated, too_soon),
    *(answered, gathered, capped, no_contact, rehearsed, unapproved, quiet, paused),
    held_out,  # behind all that is asked of everybody: who is held out would be told now
    *(duplicate, spread),  # by asking these something is taken: only who would be told asks
)


def objection(situation: Situation, policy: Policy) -> Suppressed | Hold | None:
    """The first rule that objects names the reason, or the moment to ask again."""
    return next((reason for rule in RULES if (reason := rule(situation, policy))), None)


def decide(situation: Situation, policy: Policy) -> Send | Hold | Suppressed:
    """Returns what to do about a notification now, and why, with the versions that decided; of what is held, also what it waits for."""
    objected = objection(situation, policy)
    if objected is not None:
        waits = {"waits_for": objected.reason} if isinstance(objected, Hold) else {}
        return replace(objected, why=objected.why | waits | _versions(situation, policy))
    contact = where(situation, policy)
    assert contact is not None  # noqa: S101  `no_contact` would have objected
    return Send(contact, _figures(situation, policy) | _versions(situation, policy))


def _versions(situation: Situation, policy: Policy) -> Why:
    """Returns by which notifications.yml it is decided, and by which version of its rule the incident was judged, where that is known."""
    judged = situation.incident.rule_version if situation.incident is not None else None
    return {"policy": policy.version} | ({"rule_version": judged} if judged else {})


def _figures(situation: Situation, policy: Policy) -> Why:
    """Returns what no rule objected to: the age and, where we speak first, the consent, the cap, and how fresh the trouble is."""
    why, incident = age_of(situation, policy), situation.going_on
    if not situation.notification.proactive:
        return why
    why |= {"purpose": situation.notification.purpose, "consent": whose_consent(situation)}
    why |= how_often(situation, policy) | arm_in(situation, policy)
    return why | (freshness(situation, incident, policy) if incident else {})
