"""The distinct detector: too many different customers meet bad events of a component in the window."""

from services.monitor.detectors.signal import Signal, View
from services.monitor.rules.distinct import DistinctRule


def judge(rule: DistinctRule, view: View, now: float) -> Signal:  # noqa: ARG001  every detector has the moment, in event time
    """Says failing when so many customers meet bad events; calm when enough events were bad for fewer than the resolving number."""
    counts = view.counts
    below, enough = counts.customers < rule.resolve.customers, counts.events >= rule.evidence
    why = {
        "customers": counts.customers,
        "bad_events": counts.bad,
        "events": counts.events,
        "window_seconds": rule.window.total_seconds(),
        "opens_at": {"customers": rule.open.customers},
        "resolves_below": {
            "customers": rule.resolve.customers,
            "events": rule.evidence,
            "calm_seconds": rule.resolve.calm.total_seconds(),
        },
    }
    return Signal(counts.customers >= rule.open.customers, calm=below and enough, unclear=below and not enough, why=why)


def is_dense(rule: DistinctRule, view: View) -> bool:
    """Says whether a single bucket has its share of the customers: the trouble began in the first such one."""
    return view.counts.customers * rule.counting.buckets >= rule.open.customers
