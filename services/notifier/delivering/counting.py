"""What became of a notification is counted, as operators see it."""

from services.notifier import metrics
from services.notifier.deciding.decision import Hold, Suppressed
from services.notifier.deciding.planning import Again, Settled
from services.notifier.notification import Notification, Status


def count(notification: Notification | None, step: Settled | Again | Hold | Suppressed) -> None:
    """Counts a step that is committed. Of whom it is does not matter for what is held or tried again."""
    if isinstance(step, Again):
        metrics.RETRIES.labels(step.attempt.reason).inc()
    elif isinstance(step, Hold):
        metrics.HELD.labels(step.reason).inc()
    elif notification is not None:
        _count_end(notification, step)


def _count_end(notification: Notification, step: Settled | Suppressed) -> None:
    if isinstance(step, Suppressed):
        metrics.NOTIFICATIONS.labels(notification.kind, Status.SUPPRESSED).inc()
        metrics.SUPPRESSED.labels(step.reason).inc()
        return
    metrics.NOTIFICATIONS.labels(notification.kind, step.status).inc()
    if step.status is Status.FAILED:
        metrics.FAILED.labels(step.attempt.reason).inc()
    elif notification.first_seen_at is not None:
        metrics.TOLD_AFTER_SECONDS.observe((step.attempt.at - notification.first_seen_at).total_seconds())
