"""Whether a customer is told now: the rules that object, in order, each with its figures. Pure.

It is asked when a notification is about to be sent, and again before every other try: only what is still true is said.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.notifier.audience import Contact, Customer, Preferences, contact_for, wants
from services.notifier.notification import Kind, Notification, Reason
from services.notifier.policy import Policy

Why = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Incident:
    """What is known of an incident now."""

    id: str
    title: str
    component: str
    severity: str
    started_at: datetime
    resolved: bool
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """All that counts when it is decided."""

    notification: Notification
    customer: Customer | None  # None: the directory does not know them yet
    preferences: Preferences
    incident: Incident | None
    recent: int  # proactive notifications this customer got, or may have got, within the cap's time
    now: datetime


@dataclass(frozen=True, slots=True)
class Send:
    """Tell them, there."""

    contact: Contact
    why: Why


@dataclass(frozen=True, slots=True)
class Hold:
    """Decide again later."""

    until: datetime
    why: Why


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Do not tell them."""

    reason: Reason
    why: Why


Rule = Callable[[Situation, Policy], Suppressed | None]


def erased(situation: Situation, policy: Policy) -> Suppressed | None:  # noqa: ARG001
    """Who asked to be forgotten is never told anything again."""
    if situation.customer is not None and situation.customer.erased:
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


def stale(situation: Situation, policy: Policy) -> Suppressed | None:
    """Trouble that is over is not announced, an all-clear is not given while it is back, and old news are none."""
    notification, incident = situation.notification, situation.incident
    age = situation.now - notification.about_at
    if age > policy.max_event_age:
        return Suppressed(Reason.STALE, {"age_s": _seconds(age), "max_event_age_s": _seconds(policy.max_event_age)})
    if not notification.proactive:
        return None
    if incident is None and notification.incident_id is not None:
        return Suppressed(Reason.STALE, {"incident": "unknown"})
    if incident is not None and incident.resolved != (notification.kind is Kind.RESOLVED):
        return Suppressed(Reason.STALE, {"incident": "resolved" if incident.resolved else "open again"})
    return None


def capped(situation: Situation, policy: Policy) -> Suppressed | None:
    """So many proactive notifications a customer and hour; the all-clear of what was told is owed."""
    notification = situation.notification
    exempt = not notification.proactive or notification.kind is Kind.RESOLVED or notification.sent_at is not None
    if exempt or situation.recent < policy.caps.count:
        return None
    return Suppressed(Reason.CAPPED, {"recent": situation.recent, "cap": policy.caps.count, "per_s": _seconds(policy.caps.per)})


def no_contact(situation: Situation, policy: Policy) -> Suppressed | None:
    """Nowhere to bring it. A customer the directory does not know yet is waited for, but not for ever."""
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


RULES: tuple[Rule, ...] = (erased, opted_out, stale, capped, no_contact)


def suppressed_by(situation: Situation, policy: Policy) -> Suppressed | None:
    """The first rule that objects names the reason."""
    return next((reason for rule in RULES if (reason := rule(situation, policy))), None)


def decide(situation: Situation, policy: Policy) -> Send | Hold | Suppressed:
    """What to do about a notification now, and why."""
    if objection := suppressed_by(situation, policy):
        return objection
    contact = contact_for(situation.customer) if situation.customer else None
    if contact is None:
        waited = _waited(situation)
        pause = min(max(waited / 4, timedelta(seconds=1)), timedelta(minutes=1))
        return Hold(situation.now + pause, {"customer": "unknown", "waited_s": _seconds(waited)})
    return Send(contact, {"recent": situation.recent, "cap": policy.caps.count} if situation.notification.proactive else {})


def _waited(situation: Situation) -> timedelta:
    return situation.now - (situation.notification.created_at or situation.now)


def _seconds(duration: timedelta) -> float:
    return round(duration.total_seconds(), 3)
