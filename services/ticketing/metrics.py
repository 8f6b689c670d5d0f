"""The metrics of ticketing, beside those that every service has."""

from collections.abc import Sequence

from prometheus_client import Counter, Histogram

from services.ticketing.change import Change, What
from services.ticketing.measures import Reach
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
COVERAGE = Histogram(
    "forewarn_ticketing_incident_coverage_ratio",
    "The part of an ended incident's customers who were told before they first wrote in.",
    buckets=(0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0),
)
LEAD_TIME = Histogram(
    "forewarn_ticketing_lead_time_seconds", "From being told to the first contact, of those who wrote in all the same.", buckets=SLOW
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


def measure(reach: Reach, leads: Sequence[float]) -> None:
    """Observes one ended incident; coverage only when it touched somebody."""
    if reach.coverage is not None:
        COVERAGE.observe(reach.coverage)
    for seconds in leads:
        LEAD_TIME.observe(seconds)
