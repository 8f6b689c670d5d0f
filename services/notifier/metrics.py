"""notifier's own metrics, beside those of every service."""

from itertools import product

from prometheus_client import Counter, Gauge, Histogram

from services.notifier.channels.outcome import Refusal, Trouble
from services.notifier.channels.webhook.endpoint import Disabled
from services.notifier.deciding.decision import Waiting
from services.notifier.notification import Kind, Reason, Status
from shared.metrics import FAST

TOLD_AFTER = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)

NOTIFICATIONS = Counter("forewarn_notifier_notifications_total", "Notifications by what became of them.", ["kind", "status"])
SUPPRESSED = Counter("forewarn_notifier_suppressed_total", "Notifications not told, by the rule that objected.", ["reason"])
HELD = Counter("forewarn_notifier_held_total", "Decisions to wait and decide later, by the rule that asked for it.", ["reason"])
FAILED = Counter("forewarn_notifier_failed_total", "Notifications no retry will bring, by why.", ["reason"])
RETRIES = Counter("forewarn_notifier_retries_total", "Tries that brought nothing and are made again, by why.", ["reason"])
TOLD_AFTER_SECONDS = Histogram(
    "forewarn_notifier_told_after_seconds",
    "From a customer's first bad event to the message about it accepted by the provider.",
    buckets=TOLD_AFTER,
)
SEND_SECONDS = Histogram("forewarn_notifier_send_seconds", "Time one try took.", ["outcome"], buckets=FAST)
DELIVERY_PAUSED = Gauge("forewarn_notifier_delivery_paused", "1 while delivery pauses because the relay refuses us, else 0.")
UNSUBSCRIBED = Counter("forewarn_notifier_unsubscribed_total", "Customers who ended proactive mail with its link.")
ENDPOINT_CALLS = Counter("forewarn_notifier_endpoint_calls_total", "Calls of customers' endpoints, by what came of them.", ["outcome"])
ENDPOINTS_DISABLED = Counter("forewarn_notifier_endpoints_disabled_total", "Endpoints that are called no more, by why.", ["why"])

for kind, status in product(Kind, (Status.DELIVERED, Status.FAILED, Status.SUPPRESSED)):
    NOTIFICATIONS.labels(kind, status)
for reason in Reason:
    SUPPRESSED.labels(reason)
for waiting in Waiting:
    HELD.labels(waiting)
for refusal in Refusal:
    FAILED.labels(refusal)
for trouble in Trouble:
    RETRIES.labels(trouble)
for outcome in ("delivered", "retry", "failed"):
    SEND_SECONDS.labels(outcome)
for outcome in ("taken", "refused", "no_answer", "paused"):
    ENDPOINT_CALLS.labels(outcome)
for why in Disabled:
    ENDPOINTS_DISABLED.labels(why)
