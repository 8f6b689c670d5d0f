"""These are small things that monitor's tests are made of: the shipped rule, and events of a story that starts at NOON."""

from datetime import timedelta
from typing import Any

from services.monitor.fold.partition import Partition
from services.monitor.rules.burn import BurnRule
from services.monitor.rules.count import CountRule
from services.monitor.rules.distinct import DistinctRule
from services.monitor.rules.percentile import PercentileRule
from services.monitor.rules.ratio import RatioRule
from shared.events import ProductEvent
from tests.builders import NOON, event

START = NOON.timestamp()
HORIZON = 600.0
LATER = START + 3600.0  # the wall clock, when all of a story is past


# A file of rules that finds the outage of `test_backtest.py`.
EAGER = """\
rules:
  - id: failing
    title: "{component} is failing"
    events: [com.example.request]
    bad: {data.ok: false}
    window: 15s
    open: {ratio: 0.05, events: 50, customers: 10}
    resolve: {ratio: 0.01, calm: 10s}
"""


def rule(**changes: Any) -> RatioRule:
    """Returns a rule of a 15 s window: it opens at 5 % of 50 events of 10 customers, and resolves below 1 % for 10 s.

    Two failures affect a customer.
    """
    said: dict[str, Any] = {
        "id": "failing",
        "title": "{component} is failing",
        "events": ["com.example.request"],
        "bad": {"data.ok": False},
        "window": "15s",
        "open": {"ratio": 0.05, "events": 50, "customers": 10},
        "resolve": {"ratio": 0.01, "calm": "10s"},
        "impact": {"at_least": 2},
    }
    return RatioRule.model_validate({**said, **changes})


def count_rule(**changes: Any) -> CountRule:
    """Returns a rule of a 15 s window: it opens at 20 failures of 5 customers, and resolves below 4 for 10 s."""
    said: dict[str, Any] = {**_of("count"), "open": {"count": 20, "customers": 5}, "resolve": {"count": 4, "calm": "10s"}}
    return CountRule.model_validate({**said, **changes})


def distinct_rule(**changes: Any) -> DistinctRule:
    """Returns a rule of a 15 s window: it opens when 10 customers meet failures, and resolves below 3 for 10 s."""
    said: dict[str, Any] = {**_of("distinct"), "open": {"customers": 10}, "resolve": {"customers": 3, "calm": "10s"}}
    return DistinctRule.model_validate({**said, **changes})


def percentile_rule(**changes: Any) -> PercentileRule:
    """Returns a rule of a 15 s window: it opens when p95 of 50 latencies is 800 for 3 customers, and resolves below 600 for 10 s."""
    said: dict[str, Any] = {
        **_of("percentile"),
        "number": "data.latency_ms",
        "open": {"at_least": 800, "customers": 3},
        "resolve": {"below": 600, "calm": "10s", "events": 20},
    }
    del said["bad"]
    return PercentileRule.model_validate({**said, **changes})


def burn_rule(**changes: Any) -> BurnRule:
    """Returns a rule for 99.9 % over 30 days: it opens at a burn rate of 14.4 over 1 h and 5 min, or 6 over 6 h and 30 min."""
    said: dict[str, Any] = {**_of("burn"), "objective": 99.9, "open": {"events": 100, "customers": 2}, "resolve": {"calm": "5m"}}
    del said["window"]
    return BurnRule.model_validate({**said, **changes})


def _of(detector: str) -> dict[str, Any]:
    """Returns what each rule here says that names its detector."""
    return {
        "id": "failing",
        "title": "{component} is failing",
        "detector": detector,
        "events": ["com.example.request"],
        "bad": {"data.ok": False},
        "window": "15s",
    }


def request(
    at: float, *, ok: bool = True, customer: str | None = "c-1", component: str = "checkout", id_: str | None = None
) -> ProductEvent:
    """Returns a request `at` seconds into the story; without an id it has one of its own for each moment, customer and component."""
    return event(
        id_ or f"{component}/{customer}/{at!r}",
        subject=customer,
        at=NOON + timedelta(seconds=at),
        data={"component": component, "ok": ok, "latency_ms": 100},
    )


def folded(*events: ProductEvent, now: float = LATER, by: RatioRule | None = None) -> Partition:
    """Returns a partition that has taken these events, in this order."""
    partition = Partition([by or rule()], HORIZON)
    for each in events:
        partition.fold([each], now)
    return partition
