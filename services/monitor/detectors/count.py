"""The count detector: too many of a component's events in the window are bad."""

from services.monitor.detectors.signal import Signal, View
from services.monitor.rules.count import CountRule


def judge(rule: CountRule, view: View, now: float) -> Signal:  # noqa: ARG001  every detector has the moment, in event time
    """Says failing when every opening threshold is reached; calm when enough events hold fewer bad ones than the resolving count."""
    counts = view.counts
    below, enough = counts.bad < rule.resolve.count, counts.events >= rule.evidence
    why = {
        "bad_events": counts.bad,
        "events": counts.events,
        "customers": counts.customers,
        "window_seconds": rule.window.total_seconds(),
        "opens_at": {"bad_events": rule.open.count, "customers": rule.open.customers},
        "resolves_below": {"bad_events": rule.resolve.count, "events": rule.evidence, "calm_seconds": rule.resolve.calm.total_seconds()},
    }
    failing = counts.bad >= rule.open.count and counts.customers >= rule.open.customers
    return Signal(failing, calm=below and enough, unclear=below and not enough, why=why)


def is_dense(rule: CountRule, view: View) -> bool:
    """Says whether a single bucket has its share of the bad events: the trouble began in the first such one."""
    return view.counts.bad * rule.counting.buckets >= rule.open.count
