"""Rules decide whether a customer is told now: the first that objects says why, with its figures. Pure.

They are asked before every try, so that only what is still true is said. A decision that hangs on an incident
(`awaits_incident`) is made again when monitor says more about it (`follow_up.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.notifier.audience import Contact, contact_for, wants
from services.notifier.deciding.policy import Policy
from services.notifier.incident import Incident
from services.notifier.notification import ENDS, Kind, Reason
from services.notifier.situation import Situation

Why = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Send:
    """The customer is told, at this address."""

    contact: Contact
    why: Why


@dataclass(frozen=True, slots=True)
class Hold:
    """It is decided again later."""

    until: datetime
    why: Why
    awaits_incident: bool = False  # and at once when monitor says more about the incident


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The customer is not told."""

    reason: Reason
    why: Why
    awaits_incident: bool = False  # until monitor says that the incident is failing now


Rule = Callable[[Situation, Policy], Suppressed | Hold | None]


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


def _chose(situation: Situation, purpose: str) -> bool:
    return getattr(situation.preferences, purpose) is not None


def too_old(situation: Situation, policy: Policy) -> Suppressed | None:
    """Nothing is told that is too old. An end is as old as the incident says, however late a ticket followed it."""
    age = _age(situation)
    if age <= policy.max_event_age:
        return None
    return Suppressed(Reason.STALE, {"age_s": _seconds(age), "max_event_age_s": _seconds(policy.max_event_age)})


def early(situation: Situation, policy: Policy) -> Hold | None:  # noqa: ARG001
    """A ticket's end can reach us before the end of its incident does: the incident is waited for."""
    incident = situation.incident
    if situation.notification.kind not in ENDS or not _of_incident(situation) or (incident and (incident.over or incident.ended_at)):
        return None
    return Hold(situation.now + _pause(situation), {"incident": incident.status if incident else "unknown"}, awaits_incident=True)


def stale(situation: Situation, policy: Policy) -> Suppressed | None:  # noqa: ARG001
    """Nothing is told that the incident contradicts: trouble that is over, or not theirs, an end of what goes on or ended otherwise."""
    notification, incident = situation.notification, situation.incident
    if not _of_incident(situation):
        return None
    if notification.removed:
        return Suppressed(Reason.STALE, {"incident": "does not touch them: a person took them out"})
    if incident is None:
        return Suppressed(Reason.STALE, {"incident": "unknown"}, awaits_incident=True)
    if notification.kind in ENDS:
        contradicted = incident.status.value != notification.kind.value or not incident.tell
        return Suppressed(Reason.STALE, {"incident": incident.status, "tell": incident.tell}) if contradicted else None
    return Suppressed(Reason.STALE, {"incident": incident.status}) if incident.over else None


def over(situation: Situation, policy: Policy) -> Suppressed | None:  # noqa: ARG001
    """A customer who is at risk no more is not told how to get on."""
    notification = situation.notification
    return Suppressed(Reason.STALE, {"risk": "cleared"}) if notification.kind is Kind.GUIDANCE and notification.removed else None


def behind(situation: Situation, policy: Policy) -> Hold | None:
    """An incident that monitor finds while it reads old events may be over: we wait until it has caught up, or says that it ended."""
    incident = _going_on(situation)
    if incident is None or incident.behind <= policy.hold_when_behind:
        return None
    why = {"behind_s": _seconds(incident.behind), "hold_when_behind_s": _seconds(policy.hold_when_behind)}
    return Hold(situation.now + _pause(situation), why, awaits_incident=True)


def outdated(situation: Situation, policy: Policy) -> Suppressed | None:
    """Trouble is told as going on only when it was true just now: the customer's own, or the incident's last failing window."""
    incident = _going_on(situation)
    if incident is None:
        return None
    if incident.silent_since is not None:
        silent = situation.now - incident.silent_since
        return Suppressed(Reason.STALE, {"incident": "silent", "silent_s": _seconds(silent)}, awaits_incident=True)
    if _since_failing(situation, incident) <= policy.told_within:
        return None
    return Suppressed(Reason.STALE, _freshness(situation, incident, policy), awaits_incident=True)


def failing(incident: Incident, policy: Policy, now: datetime) -> bool:
    """Says whether the incident itself makes it true that the trouble goes on."""
    if incident.over or incident.behind > policy.hold_when_behind or incident.silent_since is not None:
        return False
    return incident.failing_at is not None and now - incident.failing_at <= policy.told_within


def _of_incident(situation: Situation) -> bool:
    """Says whether the incident decides if it is true: it does for words of ours, on a ticket too, and not for a ticket's words."""
    return situation.notification.body is None and situation.notification.incident_id is not None


def _going_on(situation: Situation) -> Incident | None:
    """Returns the incident of which a notification says first that it goes on; None for ends, replies and what is about no incident."""
    notification = situation.notification
    return situation.incident if notification.proactive and notification.kind not in ENDS else None


def capped(situation: Situation, policy: Policy) -> Suppressed | None:
    """Proactive notifications are limited to so many a customer and hour; the end of what was told is owed."""
    notification = situation.notification
    exempt = not notification.proactive or notification.kind in ENDS or notification.sent_at is not None
    if exempt or situation.recent < policy.caps.count:
        return None
    return Suppressed(Reason.CAPPED, {"recent": situation.recent, "cap": policy.caps.count, "per_s": _seconds(policy.caps.per)})


def no_contact(situation: Situation, policy: Policy) -> Suppressed | None:
    """The customer has no address that can be used. A customer the directory does not know yet is waited for, but not for ever."""
    customer = situation.customer
    if customer is None:
        waited = _waited(situation)
        return (
            Suppressed(Reason.NO_CONTACT, {"customer": "unknown", "waited_s": _seconds(waited)})
            if waited >= policy.wait_for_customer
            else None
        )
    if contact_for(customer) is not None:
        return None
    emails = [contact for contact in customer.contacts if contact.channel == "email"]
    return Suppressed(Reason.NO_CONTACT, {"emails": len(emails), "bad": sum(contact.bad for contact in emails)})


RULES: tuple[Rule, ...] = (erased, opted_out, too_old, early, stale, over, behind, outdated, capped, no_contact)


def suppressed_by(situation: Situation, policy: Policy) -> Suppressed | Hold | None:
    """The first rule that objects names the reason, or the moment to ask again."""
    return next((reason for rule in RULES if (reason := rule(situation, policy))), None)


def decide(situation: Situation, policy: Policy) -> Send | Hold | Suppressed:
    """Returns what to do about a notification now, and why."""
    if objection := suppressed_by(situation, policy):
        return objection
    contact = contact_for(situation.customer) if situation.customer else None
    if contact is None:
        waited = _waited(situation)
        pause = min(max(waited / 4, timedelta(seconds=1)), timedelta(minutes=1))
        return Hold(situation.now + pause, {"customer": "unknown", "waited_s": _seconds(waited)})
    return Send(contact, _figures(situation, policy))


def _figures(situation: Situation, policy: Policy) -> Why:
    """Returns what no rule objected to: the age and, where we speak first, the consent, the cap, and how fresh the trouble is."""
    why: Why = {"age_s": _seconds(_age(situation)), "max_event_age_s": _seconds(policy.max_event_age)}
    if not situation.notification.proactive:
        return why
    purpose, caps, incident = situation.notification.purpose, policy.caps, _going_on(situation)
    why |= {"purpose": purpose, "consent": _consent(situation, purpose)}
    why |= {"recent": situation.recent, "cap": caps.count, "per_s": _seconds(caps.per)}
    return why | (_freshness(situation, incident, policy) if incident else {})


def _consent(situation: Situation, purpose: str) -> str:
    """Says whose consent counts: the customer's own choice, the directory's, or nobody's, since silence is yes."""
    if _chose(situation, purpose):
        return "customer"
    return "directory" if situation.customer and purpose in (situation.customer.consent or {}) else "silence"


def _freshness(situation: Situation, incident: Incident, policy: Policy) -> Why:
    return {"last_failing_s": _seconds(_since_failing(situation, incident)), "told_within_s": _seconds(policy.told_within)}


def _age(situation: Situation) -> timedelta:
    """Returns for how long it has been true; an end is as old as the incident says."""
    notification, incident = situation.notification, situation.incident
    ended_at = incident.ended_at if incident is not None and notification.kind in ENDS else None
    return situation.now - min(notification.about_at, ended_at or notification.about_at)


def _since_failing(situation: Situation, incident: Incident) -> timedelta:
    about_at = situation.notification.about_at
    return situation.now - max(about_at, incident.failing_at or about_at)


def _pause(situation: Situation) -> timedelta:
    """Returns how long to wait for what monitor says next, which may never come."""
    return min(max(_waited(situation) / 4, timedelta(minutes=1)), timedelta(minutes=10))


def _waited(situation: Situation) -> timedelta:
    return situation.now - (situation.notification.created_at or situation.now)


def _seconds(duration: timedelta) -> float:
    return round(duration.total_seconds(), 3)
