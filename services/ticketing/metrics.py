"""The metrics of ticketing, beside those that every service has."""

from collections.abc import Sequence

from prometheus_client import Counter, Histogram

from services.ticketing.change import Change, What
from shared.metrics import SLOW

CHANGES = Counter("forewarn_ticketing_changes_total", "What happened to tickets.", ["what"])
ERASED_REQUESTS = Counter(
    "forewarn_ticketing_erased_requests_total", "Requests that were left out because their customer was erased after writing them."
)
FIRST_RESPONSE = Histogram(
    "forewarn_ticketing_first_response_seconds",
    "From the request to its first answer, by who gave it.",
    ["answered_by"],
    buckets=(*SLOW, 28800.0, 86400.0),
)

for what in What:
    CHANGES.labels(what)
for who in ("forewarn", "agent"):
    FIRST_RESPONSE.labels(who)


def count(changes: Sequence[Change]) -> None:
    """Counts what is about to be committed; a batch that is rolled back and done again counts twice."""
    for change in changes:
        CHANGES.labels(change.what).inc()
        clock = change.ticket.first_response
        if clock.stopped_at == change.at and clock.answered_by:
            who = "forewarn" if clock.answered_automatically else "agent"
            FIRST_RESPONSE.labels(who).observe((clock.stopped_at - clock.started_at).total_seconds())
