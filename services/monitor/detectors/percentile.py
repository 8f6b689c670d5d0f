"""The percentile detector: the larger ones of the numbers that a component's events say are too large."""

from services.monitor.aggregates import sketch
from services.monitor.detectors.signal import Signal, View
from services.monitor.rules.percentile import PercentileRule


def judge(rule: PercentileRule, view: View, now: float) -> Signal:  # noqa: ARG001  every detector has the moment, in event time
    """Says failing when every opening threshold is reached; calm when enough numbers have a percentile below the resolving one."""
    found, numbers, customers = sketch.percentile(view.numbers, rule.percentile), sum(view.numbers.values()), view.counts.customers
    reached = found is not None and found >= rule.open.at_least
    below, enough = found is None or found < rule.resolve.below, numbers >= rule.evidence
    why = {
        "percentile": rule.percentile,
        "value": None if found is None else float(f"{found:.4g}"),
        "within": sketch.ERROR,
        "number": rule.number,
        "events": numbers,
        "bad_events": view.counts.bad,
        "customers": customers,
        "window_seconds": rule.window.total_seconds(),
        "opens_at": {"value": rule.open.at_least, "events": rule.open.events, "customers": rule.open.customers},
        "resolves_below": {"value": rule.resolve.below, "events": rule.evidence, "calm_seconds": rule.resolve.calm.total_seconds()},
    }
    failing = reached and numbers >= rule.open.events and customers >= rule.open.customers
    return Signal(failing, calm=below and enough, unclear=below and not enough, why=why)


def is_dense(rule: PercentileRule, view: View) -> bool:
    """Says whether a single bucket is as bad as a window must be: the trouble began in the first such one."""
    found = sketch.percentile(view.numbers, rule.percentile)
    return found is not None and found >= rule.open.at_least
