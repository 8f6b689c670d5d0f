"""Declares the metrics every service has: base units, `_total` for counters, closed label sets initialised to 0, no ids in labels.

A service adds its own in its `metrics.py`, with the same rules (https://prometheus.io/docs/practices/naming/).
"""

from prometheus_client import Counter, Gauge, Histogram

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SLOW = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)

CONSUMED = Counter("forewarn_consumed_records_total", "Records whose effects are committed.", ["topic"])
UNKNOWN = Counter(
    "forewarn_unknown_type_records_total", "Records of a type, or with a word, that this version does not know, skipped.", ["topic"]
)
UNKNOWN_ITEMS = Counter("forewarn_unknown_items_total", "List items of facts left out for a word this version does not know.", ["topic"])
UNTIMED = Counter("forewarn_untimed_events_total", "Events without a time, dated by when they came in.", ["topic"])
TOMBSTONES = Counter("forewarn_tombstones_total", "Null values on a compacted topic: each deletes its key.", ["topic"])
DEAD_LETTERS = Counter("forewarn_dead_letters_total", "Records put aside because no retry will mend them.", ["topic", "reason"])
POINTERS = Counter("forewarn_dead_letter_pointers_total", "Dead letters that name their record and leave out its bytes.", ["topic", "form"])
ASSIGNMENTS = Counter("forewarn_assignments_total", "Times the consumer group gave this instance its partitions.", ["topic"])
ASSIGNED = Gauge("forewarn_assigned_partitions", "Partitions this instance reads now.", ["topic"])
FENCED = Counter("forewarn_fenced_batches_total", "Batches rolled back because another instance owns the partition.", ["topic"])
STREAM_RETRIES = Counter("forewarn_stream_retries_total", "Times a stream went back to its last commit, by why.", ["topic", "why"])
GAPS = Counter("forewarn_lost_records_total", "Records the broker's retention deleted before they were read.", ["topic"])
LAG = Gauge("forewarn_consumer_lag_records", "Records not yet committed, over this instance's partitions; NaN: unknown.", ["topic"])
HOLD_AGE = Gauge("forewarn_hold_age_seconds", "How long an open transaction of somebody else holds a partition; NaN: unknown.", ["topic"])
BRAKE = Gauge("forewarn_brake_engaged", "1 while a topic is stopped because most of it does not decode.", ["topic"])
BATCH_RECORDS = Histogram(
    "forewarn_batch_records", "Records handed over at once.", ["topic"], buckets=(1, 3, 10, 30, 100, 300, 1000, 3000, 10000)
)
TRANSACTION_SECONDS = Histogram("forewarn_transaction_seconds", "Time a transaction was open.", buckets=FAST)

OUTBOX_ROWS = Gauge("forewarn_outbox_rows", "Facts that are true and not yet published, counted to 10,000; NaN: unknown.")
OUTBOX_AGE = Gauge("forewarn_outbox_oldest_age_seconds", "Age of the oldest unpublished fact; NaN: unknown.")
PUBLISHED = Counter("forewarn_published_records_total", "Facts the broker has accepted.", ["topic"])
UNPUBLISHED_ROWS = Gauge("forewarn_unpublished_rows", "Records the broker refused that wait to be sent again by an operator.")
UNPUBLISHED = Counter("forewarn_unpublished_records_total", "Records the broker refused, put aside in a table.", ["topic", "reason"])

DUE_ROWS = Gauge("forewarn_due_rows", "Rows of work that are due and wait for a worker, counted to 10,000; NaN: unknown.", ["kind"])
DUE_AGE = Gauge("forewarn_due_oldest_age_seconds", "How long the oldest of them has waited; NaN: unknown.", ["kind"])
DUE_LATENESS = Histogram("forewarn_due_lateness_seconds", "How late due work was claimed for the first time.", ["kind"], buckets=SLOW)
DUE_FAILURES = Counter("forewarn_due_failures_total", "Tries of due work that raised an error.", ["kind"])
DUE_ASIDE_ROWS = Gauge("forewarn_due_aside_rows", "Rows of work put aside that wait to be retried by an operator; NaN: unknown.", ["kind"])
DUE_ASIDE = Counter("forewarn_due_aside_total", "Rows of work put aside because they raised again and again.", ["kind"])
LEASES_LOST = Counter("forewarn_leases_lost_total", "Results thrown away because another worker has the row by now.", ["kind"])

LOOP_LAG = Histogram("forewarn_loop_lag_seconds", "How late the event loop wakes: while it is late, nothing else is done.", buckets=FAST)
DEPENDENCY_UP = Gauge("forewarn_dependency_up", "1 while it answers this process, 0 while it does not.", ["dependency"])
READY = Gauge("forewarn_ready", "1 while this check of /readyz passes; NaN: it gave no answer in time.", ["check"])
DELETED = Counter("forewarn_retention_rows_total", "Rows that retention deleted, or whose words it deleted.", ["table"])

TOKENS_FILE_BROKEN = Gauge(
    "forewarn_tokens_file_broken", "1 while the file of tokens cannot be read; the tokens known before work on, changes do not."
)

HTTP_CONNECTIONS = Gauge("forewarn_http_connections", "HTTP connections that are open.")
HTTP_REFUSED = Counter(
    "forewarn_http_refused_total", "Requests refused before they were worked on, and connections let go, by why.", ["reason"]
)
for _reason in (
    "malformed",  # no HTTP/1.1
    "headers_slow",  # a request's headers did not arrive in time
    "body_large",
    "body_slow",
    "bodies_full",  # as many large bodies were under way as may be
    "requests_full",  # as many requests were worked on as may be
    "connections_full",  # the one that had waited longest was closed when another came
    "answer_unread",  # an answer was not taken in time, or too much was waiting to be taken
):
    HTTP_REFUSED.labels(_reason)
