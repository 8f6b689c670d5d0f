"""An incident's life: calm → open → calm. A pure step from one judged window to the next, with what it decides."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from services.monitor.detectors.ratio import Counts, Signal
from services.monitor.rules import RatioRule
from shared.events import identity

GREW = 2.0  # an open incident is said to have grown each time its failing customers have doubled


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one rule and component between windows. Times are seconds since the epoch, event time."""

    judged_to: int = 0  # the last bucket judged
    settled_to: int = 0  # the window that opened or resolved the last incident: late events change no decision up to it
    incident_id: str | None = None  # of the open incident
    started_at: float = 0.0
    calm_since: int | None = None
    revision: int = 0
    said: int = 0  # failing customers when the incident was last spoken of


@dataclass(frozen=True, slots=True)
class Opened:
    incident_id: str
    started_at: float
    why: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Grew:
    incident_id: str
    revision: int
    customers: int
    why: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resolved:
    incident_id: str
    resolved_at: float
    why: dict[str, Any]


Decision = Opened | Grew | Resolved


def incident_id(rule: RatioRule, component: str, started_at: float) -> str:
    """The same trouble has the same id, whoever finds it and however often."""
    return identity("incident", rule.id, component, int(started_at))


def step(
    rule: RatioRule, component: str, state: State, end: int, counts: Counts, signal: Signal, started: int
) -> tuple[State, Decision | None]:
    """What the window that ends with bucket `end` means. `started`: where its trouble began, should it be failing."""
    state = replace(state, judged_to=max(state.judged_to, end))
    if end <= state.settled_to:
        return state, None
    if state.incident_id is None:
        return _when_calm(rule, component, state, end, counts, signal, started)
    return _when_open(rule, state, end, counts, signal)


def _when_calm(
    rule: RatioRule, component: str, state: State, end: int, counts: Counts, signal: Signal, started: int
) -> tuple[State, Decision | None]:
    if not signal.failing:
        return state, None
    started = max(started, state.settled_to + rule.width)  # what the last incident ended with is no part of this one
    opened = Opened(incident_id(rule, component, started), float(started), signal.why)
    return State(state.judged_to, end, opened.incident_id, opened.started_at, said=counts.customers), opened


def _when_open(rule: RatioRule, state: State, end: int, counts: Counts, signal: Signal) -> tuple[State, Decision | None]:
    assert state.incident_id is not None  # noqa: S101  the caller looked
    if not signal.calm:
        if counts.customers >= GREW * max(state.said, 1):
            grew = Grew(state.incident_id, state.revision + 1, counts.customers, signal.why)
            return replace(state, calm_since=None, revision=grew.revision, said=counts.customers), grew
        return replace(state, calm_since=None), None
    calm_since = end if state.calm_since is None else state.calm_since
    if end - calm_since < rule.resolve.calm.total_seconds():
        return replace(state, calm_since=calm_since), None
    resolved = Resolved(state.incident_id, float(end), signal.why)
    return State(state.judged_to, end), resolved


def moment(seconds: float) -> datetime:
    """Event time as an aware UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)
