"""What new counts decide: a series takes what one partition saw, and its windows are judged one after the other. Pure.

Detection walks by it as partials come, and a backtest walks by it through the past.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import structs

from services.monitor.aggregates.counts import Counting, Counts
from services.monitor.aggregates.sketch import Sketch
from services.monitor.detectors.registry import DETECTORS
from services.monitor.detectors.signal import View
from services.monitor.incidents.grouping import Joined
from services.monitor.incidents.life import Decision, Judged, Opened, State, moment, over, step
from services.monitor.incidents.muting import Muted, Mutes, Trouble
from services.monitor.rules.components import ComponentRule
from services.monitor.windows.window import HORIZON, Window, oldest


class Step(NamedTuple):
    """One window was judged."""

    state: State  # after it
    why: dict[str, Any]  # its figures against the thresholds
    decision: Decision | Joined | None
    muted: Muted | None = None  # what would have been decided


NOTHING_MUTES = Mutes()


def steps(rule: ComponentRule, component: str, window: Window, state: State, since: int, mutes: Mutes = NOTHING_MUTES) -> Iterator[Step]:
    """Yields what each window from `since` on means, oldest first; the next one is judged by the state that the one before it left."""
    if rule.counting.within:
        state = _seen(state, window)
    for end in window.ends(rule.counting, since):
        trouble = Trouble(rule.id, component, moment(window.until(rule.counting, end)))
        state = _rested(rule, state, mutes.over_since(component, trouble.at))
        judged = _judged(rule, window, state, end, halved=mutes.rises(trouble) and not rule.shadow)
        after, decision = step(rule, component, state, judged)
        if not isinstance(decision, Opened):
            state = after
            yield Step(state, judged.signal.why, decision)
        elif (by := mutes.of(trouble)) is not None:
            state = over(after, end)
            yield Step(state, judged.signal.why, None, Muted.of(by, rule, decision, trouble))
        elif not rule.shadow and (home := mutes.home_of(trouble)) is not None:
            state = structs.replace(after, incident_id=home)
            yield Step(state, judged.signal.why, Joined(home, decision))
        else:
            state = after
            yield Step(state, judged.signal.why, decision)


def _rested(rule: ComponentRule, state: State, over_since: datetime | None) -> State:
    """Returns the state after trouble was muted: only what comes since then may open an incident."""
    if over_since is None or state.incident_id is not None:
        return state
    before = -int(-over_since.timestamp() // rule.width) * rule.width - rule.width  # the last bucket that began while it was
    return state if before <= state.settled_to else over(state, before)


def _seen(state: State, window: Window) -> State:
    """Returns the state that knows since when there are buckets: also of one that came late."""
    first = min(window.buckets, default=state.seen_from)
    return state if 0 < state.seen_from <= first else structs.replace(state, seen_from=first)


def _judged(rule: ComponentRule, window: Window, state: State, end: int, *, halved: bool = False) -> Judged:
    """Returns the window that ends with bucket `end`. What the last incident ended with is no part of the next one.

    What it says names the version of the rule that judged. `halved`: complaints rise, so half the evidence opens an incident.
    """
    after = state.settled_to if state.incident_id is None else 0
    counting, detector = rule.counting, DETECTORS[rule.detector]
    judged_by = rule.half if halved and state.incident_id is None else rule
    counts, until = window.counts(counting, end, after), window.until(counting, end)
    known_for = end + counting.width - state.seen_from if state.seen_from else 0
    view = View(counts, _within(window, counting, end, after), known_for, _numbers(window, counting, end, after))
    signal, beginning = detector.judge(judged_by, view, until), None
    signal = replace(signal, why=signal.why | {"rule_version": rule.version} | ({"half_evidence": True} if judged_by is not rule else {}))
    if signal.failing and state.incident_id is None:
        shown_after = max(after, int(end - signal.span)) if signal.span else after
        beginning = window.beginning(
            counting, end, lambda start: detector.is_dense(judged_by, _bucket(window, counting, start, after)), shown_after
        )
    return Judged(end, until, counts, signal, beginning)


def _within(window: Window, counting: Counting, end: int, after: int = 0) -> dict[int, Counts]:
    """Returns the counts of the shorter windows that end with bucket `end`."""
    return {seconds: window.counts(counting, end, after, seconds) for seconds in counting.within}


def _numbers(window: Window, counting: Counting, end: int, after: int) -> Sketch:
    """Returns the sketch of the numbers in the window, where the rule measures one."""
    return {} if counting.number is None else window.numbers(counting, end, after)


def _bucket(window: Window, counting: Counting, start: int, after: int) -> View:
    """Returns what is to be seen of a single bucket, and of the shorter windows that end with it."""
    before = start - counting.width
    return View(
        window.counts(counting, start, before), _within(window, counting, start, after), numbers=_numbers(window, counting, start, before)
    )


def first_to_judge(rule: ComponentRule, state: State, changed: int | None, kept: int, watermark: float) -> int:
    """Returns the first window to judge after a merge. `changed`: the earliest bucket that did; `kept`: the oldest that is held."""
    if not state.judged_to:  # there is no window before the first bucket
        return changed if changed is not None else int(watermark) // rule.width * rule.width
    whole = kept + (rule.counting.buckets - 1) * rule.width  # the first window that has all its buckets still
    following = state.judged_to + rule.width
    settled = min(state.settled_to, state.judged_to) + rule.width  # a person may have ended an incident ahead of what is judged
    return max(following if changed is None else min(changed, following), whole, settled)


def come_to(rule: ComponentRule, state: State, window: Window, reached: float, horizon: float = HORIZON) -> int:
    """Has time come so far for a window though no bucket of it changed; returns the first window to judge."""
    window.watermark = max(window.watermark, reached)
    return first_to_judge(rule, state, None, kept_from(rule, state, horizon), window.watermark)


def kept_from(rule: ComponentRule, state: State, horizon: float = HORIZON) -> int:
    """Returns the oldest bucket that may still change a judgement. `horizon`: how late an event may be, in seconds."""
    return oldest(rule.counting, state.judged_to, horizon)


def let_go(rule: ComponentRule, state: State, window: Window, horizon: float = HORIZON) -> None:
    """Makes a window smaller by what changes no judgement any more."""
    window.forget(kept_from(rule, state, horizon))
    if rule.counting.within:
        window.settle(state.judged_to - int(horizon))
