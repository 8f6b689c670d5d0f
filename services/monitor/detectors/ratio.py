"""The ratio detector: too large a share of a component's events in the window is bad."""

from dataclasses import dataclass
from typing import Any

from services.monitor.rules.file import RatioRule


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of a window: how many events it holds, and how many of them are bad."""

    events: int = 0
    bad: int = 0
    customers: int = 0  # distinct, with bad events

    @property
    def ratio(self) -> float:
        return self.bad / self.events if self.events else 0.0


@dataclass(frozen=True, slots=True)
class Signal:
    """One judgement of one window. Between the thresholds it is neither failing nor calm."""

    failing: bool
    calm: bool
    unclear: bool  # too few events to say that all is well, and no bad ones that say otherwise
    why: dict[str, Any]  # figures against thresholds


def judge(rule: RatioRule, counts: Counts) -> Signal:
    """Says failing when every opening threshold is reached; calm when enough events are below the resolving ratio."""
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
