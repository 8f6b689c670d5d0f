"""notifier's own metrics, beside those of every service."""

from itertools import product

from prometheus_client import Counter, Gauge, Histogram

from services.notifier.channels.email.bounces.report import Ignored
from services.notifier.channels.email.bounces.report import Kind as Returned
from services.notifier.channels.outcome import Refusal, Trouble
from services.notifier.channels.sms.receipts import Meaning
from services.notifier.channels.sms.text import Alphabet
from services.notifier.channels.webhook.endpoint import Disabled
from services.notifier.deciding.decision import Waiting
from services.notifier.notification import Kind, Reason, Status
from services.notifier.permission import Mode, Scope
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
BRAKES = Counter("forewarn_notifier_brakes_total", "Rules that were stopped because they told too many, or the same again and again.")
SWITCHES = Gauge("forewarn_notifier_switches", "Switches that are thrown, by what they stop, and how.", ["scope", "mode"])
EXPERIMENT_ENTERED = Counter(
    "forewarn_notifier_experiment_entered_total", "Customers who came into an experiment, by its arm.", ["experiment", "arm"]
)
APPROVALS_WAITING = Gauge("forewarn_notifier_approvals_waiting", "Audiences that wait for a person's approval, up to 1,000.")
SMS_SEGMENTS = Counter("forewarn_notifier_sms_segments_total", "Segments of the texts handed over, as providers bill them.", ["alphabet"])
OPERATOR_NOTICES = Counter("forewarn_notifier_operator_notices_total", "Notices for operators, by what became of telling one.", ["outcome"])
UNSUBSCRIBED = Counter("forewarn_notifier_unsubscribed_total", "Customers who ended proactive mail with its link.")
ENGAGED = Counter(
    "forewarn_notifier_engaged_total", "What customers did with what they were told, and whether they said that it helped.", ["action"]
)
RECEIPTS = Counter("forewarn_notifier_receipts_total", "What providers said of texts they had taken, by what it meant.", ["meaning"])
RETURNED = Counter("forewarn_notifier_returned_total", "Mails that came back, by what the report says.", ["kind"])
RETURNED_IGNORED = Counter(
    "forewarn_notifier_returned_ignored_total", "What came back and says nothing of a mail of ours, by why.", ["reason"]
)
BOUNCE_MAILBOX_READ_AT = Gauge(
    "forewarn_notifier_bounce_mailbox_read_timestamp_seconds", "When the mailbox of bounces was last read to its end."
)
BOUNCE_MAILBOX_FAILED_AT = Gauge(
    "forewarn_notifier_bounce_mailbox_failed_timestamp_seconds", "When the mailbox of bounces could last not be read."
)
CHANNEL_RATE = Gauge(
    "forewarn_notifier_channel_returned_ratio", "Which part of what a channel sent came back, as it was judged last.", ["channel", "cause"]
)
CHANNEL_PAUSED = Gauge(
    "forewarn_notifier_channel_paused",
    "1 while a channel sends only what cannot wait: too much came back, or a person says so.",
    ["channel"],
)
CHANNEL_WARNED = Gauge(
    "forewarn_notifier_channel_warned", "1 while more comes back of a channel than its limit, by why.", ["channel", "cause"]
)
ENDPOINT_CALLS = Counter("forewarn_notifier_endpoint_calls_total", "Calls of customers' endpoints, by what came of them.", ["outcome"])
ENDPOINTS_DISABLED = Counter("forewarn_notifier_endpoints_disabled_total", "Endpoints that are called no more, by why.", ["why"])

for kind, status in product(Kind, (Status.DELIVERED, Status.FAILED, Status.SUPPRESSED)):
    NOTIFICATIONS.labels(kind, status)
for scope, mode in product(Scope, Mode):
    SWITCHES.labels(scope, mode)
for reason in Reason:
    SUPPRESSED.labels(reason)
for waiting in Waiting:
    HELD.labels(waiting)
for refusal in Refusal:
    FAILED.labels(refusal)
for trouble in Trouble:
    RETRIES.labels(trouble)
for action in ("opened", "clicked", "yes", "no"):
    ENGAGED.labels(action)
for meaning in Meaning:
    RECEIPTS.labels(meaning)
for returned in Returned:
    RETURNED.labels(returned)
for ignored in Ignored:
    RETURNED_IGNORED.labels(ignored)
for alphabet in Alphabet:
    SMS_SEGMENTS.labels(alphabet)
for told in ("told", "retry", "failed", "stale"):
    OPERATOR_NOTICES.labels(told)
for outcome in ("delivered", "retry", "failed"):
    SEND_SECONDS.labels(outcome)
for outcome in ("taken", "refused", "no_answer", "paused"):
    ENDPOINT_CALLS.labels(outcome)
for why in Disabled:
    ENDPOINTS_DISABLED.labels(why)
