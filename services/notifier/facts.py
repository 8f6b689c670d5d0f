"""Notifications become the facts that notifier publishes. Pure."""

from datetime import datetime
from typing import Any

from services.notifier.channels.outcome import Refusal
from services.notifier.deciding.decision import Suppressed
from services.notifier.deciding.sending import Sending
from services.notifier.links import What
from services.notifier.notification import Attempt, Draft, Notification
from shared.events import (
    Fact,
    NotificationAnswered,
    NotificationBounced,
    NotificationComplained,
    NotificationDelivered,
    NotificationEngaged,
    NotificationFailed,
    NotificationReceived,
    NotificationSuppressed,
)


def delivered(sent: Sending, channel: str, message_id: str, attempt: Attempt) -> Fact:
    of, at = sent.notification, attempt.at
    said = {"subject": sent.message.words.subject, "body": sent.message.words.body, "why": sent.why, "answer": attempt.detail}
    data = NotificationDelivered.Data(**_about(of), channel=channel, delivered_at=at, message_id=message_id, **said)
    return _caused(of, NotificationDelivered.of(data, subject=of.customer_id, at=at, unique=_first_or_entry(of), cause=of.cause_id))


def failed(of: Notification, channel: str, attempt: Attempt) -> Fact:
    """It failed. It may be entered anew, because the customer's address was corrected, and fail again: hence the moment in its id."""
    data = NotificationFailed.Data(
        **_about(of), channel=channel, failed_at=attempt.at, reason=Refusal(attempt.reason), detail=attempt.detail
    )
    return _caused(of, NotificationFailed.of(data, subject=of.customer_id, at=attempt.at, unique=_entry(of), cause=of.cause_id))


def suppressed(of: Notification, because: Suppressed, at: datetime) -> Fact:
    """It was suppressed. It may be entered anew and be suppressed again: hence the moment in its id."""
    data = NotificationSuppressed.Data(**_about(of), reason=because.reason, why=because.why)
    return _caused(of, NotificationSuppressed.of(data, subject=of.customer_id, at=at, unique=_entry(of), cause=of.cause_id))


def bounced(of: Notification, channel: str, report_id: str, reason: str, attempt: Attempt) -> Fact:
    """It came back, as this report says."""
    data = NotificationBounced.Data(**_about(of), channel=channel, bounced_at=attempt.at, reason=reason, code=attempt.detail)
    return _caused(of, NotificationBounced.of(data, subject=of.customer_id, at=attempt.at, unique=report_id, cause=of.cause_id))


def complained(of: Notification, channel: str, report_id: str, attempt: Attempt) -> Fact:
    """The customer called it spam, as this report says."""
    data = NotificationComplained.Data(**_about(of), channel=channel, complained_at=attempt.at, feedback=attempt.detail)
    return _caused(of, NotificationComplained.of(data, subject=of.customer_id, at=attempt.at, unique=report_id, cause=of.cause_id))


def unsubscribed(of: Draft, at: datetime) -> Fact:
    """The customer used the link under it."""
    data = NotificationEngaged.Data(**_about(of), action="unsubscribed")
    return NotificationEngaged.of(data, subject=of.customer_id, at=at, unique=f"{of.id} unsubscribed {at.isoformat()}")


def received(of: Notification, channel: str, at: datetime) -> Fact:
    """The provider says that it has reached the customer's device."""
    data = NotificationReceived.Data(**_about(of), channel=channel, received_at=at)
    return _caused(of, NotificationReceived.of(data, subject=of.customer_id, at=at, unique=_first_or_entry(of), cause=of.cause_id))


def engaged(of: Draft, what: What, at: datetime) -> Fact:
    """It was opened, or a link in it was followed, for the first time."""
    data = NotificationEngaged.Data(**_about(of), action=what.value)
    return NotificationEngaged.of(data, subject=of.customer_id, at=at, unique=f"{of.id} {what}")


def answered(of: Draft, answer: str, changes: int, at: datetime) -> Fact:
    """The customer said whether it helped. `changes`: how often they have said otherwise since their first answer."""
    data = NotificationAnswered.Data(**_about(of), answer=answer, question="helped")
    return NotificationAnswered.of(data, subject=of.customer_id, at=at, unique=f"{of.id} helped {changes}")


def _first_or_entry(of: Notification) -> str:
    """Returns its id; once it failed, as when it came back, what names the entry in which it was delivered after all."""
    return _entry(of) if any(attempt.outcome == "failed" for attempt in of.attempts) else of.id


def _entry(of: Notification) -> str:
    """Returns what names this entry of the notification in the ledger: it may be entered anew, and the moment of that is `created_at`."""
    return f"{of.id} {(of.created_at or of.about_at).isoformat()}"


def _about(of: Draft) -> dict[str, Any]:
    return {
        "notification_id": of.id,
        "customer_id": of.customer_id,
        "kind": of.kind.value,
        "incident_id": of.incident_id,
        "ticket_id": of.ticket_id,
        "risk_id": (of.evidence or {}).get("risk_id"),
        "maintenance_id": of.period.rpartition("/")[0] if of.period else None,
    }


def _caused(of: Draft, fact: Fact) -> Fact:
    """One more fact led here than led to the cause."""
    return fact.model_copy(update={"hops": of.cause_hops + 1})
