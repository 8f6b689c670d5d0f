"""The ratio detector: too large a share of a component's events in the window is bad."""

from services.monitor.detectors.signal import Signal, View
from services.monitor.rules.ratio import RatioRule


def judge(rule: RatioRule, view: View, now: float) -> Signal:  # noqa: ARG001  every detector has the moment, in event time
    """Says failing when every opening threshold is reached; calm when enough events are below the resolving ratio."""
    counts = view.counts
    failing = counts.ratio >= rule.open.ratio and counts.events >= rule.open.events and counts.customers >= rule.open.customers
    why = {
        "ratio": round(counts.ratio, 4),
        "events": counts.events,
        "bad_events": counts.bad,
        "customers": counts.customers,
        "window_seconds": rule.window.total_seconds(),
        "opens_at": {"ratio": rule.open.ratio, "events": rule.open.events, "customers": rule.open.customers},
        "resolves_below": {"ratio": rule.resolve.ratio, "events": rule.evidence, "calm_seconds": rule.resolve.calm.total_seconds()},
    }
    below, enough = counts.ratio < rule.resolve.ratio, counts.events >= rule.evidence
    return Signal(failing, calm=below and enough, unclear=below and not enough, why=why)


def is_dense(rule: RatioRule, view: View) -> bool:
    """Says whether a single bucket is as bad as a window must be: the trouble began in the first such one."""
    return view.counts.ratio >= rule.open.ratio
