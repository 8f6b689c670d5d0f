"""The burn detector: a component spends the error budget of its objective too fast, over a long and a short window at once."""

from typing import Any

from services.monitor.aggregates.counts import Counts
from services.monitor.detectors.signal import Signal, View
from services.monitor.rules.burn import FAST, PAIRS, BurnRule, Pair


def judge(rule: BurnRule, view: View, now: float) -> Signal:  # noqa: ARG001  every detector has the moment, in event time
    """Says failing when both windows of a pair are above its burn rate; calm when enough events of the short windows are below.

    A pair says nothing before its component is known for a whole long window.
    """
    failing = [pair for pair in PAIRS if _is_failing(rule, view, pair)]
    below = all(_rate(rule, _counts(view, pair.short)) < rule.rates[pair] for pair in PAIRS)
    enough = _counts(view, FAST.short).events >= rule.evidence
    shown = failing[0] if failing else FAST
    return Signal(bool(failing), calm=below and enough, unclear=below and not enough, why=_why(rule, view, shown), span=shown.long)


def is_dense(rule: BurnRule, view: View) -> bool:
    """Says whether the five minutes up to the end of a bucket are above the lowest burn rate: the trouble began in the first such one."""
    return _rate(rule, _counts(view, FAST.short)) > min(rule.rates.values())


def _is_failing(rule: BurnRule, view: View, pair: Pair) -> bool:
    long, short = _counts(view, pair.long), _counts(view, pair.short)
    enough = long.events >= rule.open.events and long.customers >= rule.open.customers
    return enough and view.known_for >= pair.long and all(_rate(rule, each) > rule.rates[pair] for each in (long, short))


def _counts(view: View, seconds: int) -> Counts:
    """Returns the counts of one of the windows; the longest is the one that is judged."""
    return view.within.get(seconds, view.counts)


def _rate(rule: BurnRule, counts: Counts) -> float:
    """Returns how many times as fast as it lasts the budget is spent. Rounded, since a threshold is met exactly or not at all."""
    return round(counts.ratio / rule.budget, 9)


def _why(rule: BurnRule, view: View, shown: Pair) -> dict[str, Any]:
    """Returns the figures: all burn rates, and the counts of the pair that is `shown`. A window that was not seen whole has none yet."""
    long = _counts(view, shown.long)
    rates, limits, ends = {}, {}, {}
    for pair in PAIRS:
        for name, seconds in zip(pair.names, (pair.long, pair.short), strict=True):
            rates[f"burn_rate_{name}"] = round(_rate(rule, _counts(view, seconds)), 2) if view.known_for >= seconds else None
            limits[f"burn_rate_{name}"] = round(rule.rates[pair], 2)
        ends[f"burn_rate_{pair.names[1]}"] = limits[f"burn_rate_{pair.names[1]}"]
    return {
        **rates,
        "events": long.events,
        "bad_events": long.bad,
        "customers": long.customers,
        "events_5m": _counts(view, FAST.short).events,
        "objective": rule.objective,
        "period_seconds": rule.period.total_seconds(),
        "window_seconds": shown.long,
        "opens_at": limits | {"events": rule.open.events, "customers": rule.open.customers},
        "resolves_below": ends | {"events_5m": rule.evidence, "calm_seconds": rule.resolve.calm.total_seconds()},
    }
