"""notifier's own metrics, beside those of every service."""

from itertools import product

from prometheus_client import Counter, Gauge, Histogram

from services.notifier.channels.outcome import Refusal, Trouble
from services.notifier.channels.sms.text import Alphabet
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
DELIVERY_PAUSED = Gauge(
    "forewarn_notifier_delivery_paused", "1 while delivery by a channel pauses because the provider refuses us, else 0.", ["channel"]
)
SMS_SEGMENTS = Counter("forewarn_notifier_sms_segments_total", "Segments of the texts handed over, as providers bill them.", ["alphabet"])
OPERATOR_NOTICES = Counter("forewarn_notifier_operator_notices_total", "Notices for operators, by what became of telling one.", ["outcome"])
UNSUBSCRIBED = Counter("forewarn_notifier_unsubscribed_total", "Customers who ended proactive mail with its link.")

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
for alphabet in Alphabet:
    SMS_SEGMENTS.labels(alphabet)
for told in ("told", "retry", "failed", "stale"):
    OPERATOR_NOTICES.labels(told)
for outcome in ("delivered", "retry", "failed"):
    SEND_SECONDS.labels(outcome)
