"""Notifications become the facts that notifier publishes. Pure."""

from datetime import datetime
from typing import Any

from services.notifier.channels.outcome import Refusal
from services.notifier.deciding.decision import Suppressed
from services.notifier.deciding.sending import Sending
from services.notifier.notification import Attempt, Draft, Notification
from shared.events import Fact, NotificationDelivered, NotificationEngaged, NotificationFailed, NotificationSuppressed


def delivered(sent: Sending, channel: str, message_id: str, attempt: Attempt) -> Fact:
    of, at = sent.notification, attempt.at
    said = {"subject": sent.message.words.subject, "body": sent.message.words.body, "why": sent.why, "answer": attempt.detail}
    data = NotificationDelivered.Data(**_about(of), channel=channel, delivered_at=at, message_id=message_id, **said)
    return _caused(of, NotificationDelivered.of(data, subject=of.customer_id, at=at, unique=of.id, cause=of.cause_id))


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


def unsubscribed(of: Draft, at: datetime) -> Fact:
    """The customer used the link under it."""
    data = NotificationEngaged.Data(**_about(of), action="unsubscribed")
    return NotificationEngaged.of(data, subject=of.customer_id, at=at, unique=f"{of.id} unsubscribed {at.isoformat()}")


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
    }


def _caused(of: Draft, fact: Fact) -> Fact:
    """One more fact led here than led to the cause."""
    return fact.model_copy(update={"hops": of.cause_hops + 1})
