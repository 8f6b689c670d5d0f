"""The ratio detector: too large a share of a component's events in the window is bad."""

from dataclasses import dataclass
from typing import Any

from services.monitor.rules import RatioRule


@dataclass(frozen=True, slots=True)
class Counts:
    """What a window holds."""

    events: int = 0
    bad: int = 0
    customers: int = 0  # distinct, with bad events

    @property
    def ratio(self) -> float:
        return self.bad / self.events if self.events else 0.0


@dataclass(frozen=True, slots=True)
class Signal:
    """One judgement of one window. Neither failing nor calm is possible: between the thresholds nothing changes."""

    failing: bool
    calm: bool
    why: dict[str, Any]  # figures against thresholds


def judge(rule: RatioRule, counts: Counts) -> Signal:
    """Failing when every opening threshold is reached; calm when the ratio is below the resolving one."""
    failing = counts.ratio >= rule.open.ratio and counts.events >= rule.open.events and counts.customers >= rule.open.customers
    why = {
        "ratio": round(counts.ratio, 4),
        "events": counts.events,
        "bad_events": counts.bad,
        "customers": counts.customers,
        "window_seconds": rule.window.total_seconds(),
        "opens_at": {"ratio": rule.open.ratio, "events": rule.open.events, "customers": rule.open.customers},
        "resolves_below": {"ratio": rule.resolve.ratio, "calm_seconds": rule.resolve.calm.total_seconds()},
    }
    return Signal(failing, counts.ratio < rule.resolve.ratio, why)
