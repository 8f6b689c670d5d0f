"""What new counts decide: a series takes what one partition saw, and its windows are judged one after the other. Pure.

Detection walks by it as partials come, and a backtest walks by it through the past.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from services.monitor.detectors.registry import DETECTORS
from services.monitor.detectors.signal import View
from services.monitor.incidents.life import Decision, Judged, State, step
from services.monitor.rules.components import ComponentRule
from services.monitor.windows.window import Window, oldest


class Step(NamedTuple):
    """One window was judged."""

    state: State  # after it
    why: dict[str, Any]  # its figures against the thresholds
    decision: Decision | None


def steps(rule: ComponentRule, component: str, window: Window, state: State, since: int) -> Iterator[Step]:
    """Yields what each window from `since` on means, oldest first; the next one is judged by the state that the one before it left."""
    for end in window.ends(rule.counting, since):
        judged = _judged(rule, window, state, end)
        state, decision = step(rule, component, state, judged)
        yield Step(state, judged.signal.why, decision)


def _judged(rule: ComponentRule, window: Window, state: State, end: int) -> Judged:
    """Returns the window that ends with bucket `end`. What the last incident ended with is no part of the next one.

    What it says names the version of the rule that judged.
    """
    after = state.settled_to if state.incident_id is None else 0
    counting, detector = rule.counting, DETECTORS[rule.detector]
    counts, until = window.counts(counting, end, after), window.until(counting, end)
    signal, beginning = detector.judge(rule, View(counts), until), None
    signal = replace(signal, why=signal.why | {"rule_version": rule.version})
    if signal.failing and state.incident_id is None:
        beginning = window.beginning(counting, end, lambda bucket: detector.is_dense(rule, View(bucket)), after)
    return Judged(end, until, counts, signal, beginning)


def first_to_judge(rule: ComponentRule, state: State, changed: int | None, kept: int, watermark: float) -> int:
    """Returns the first window to judge after a merge. `changed`: the earliest bucket that did; `kept`: the oldest that is held."""
    if not state.judged_to:  # there is no window before the first bucket
        return changed if changed is not None else int(watermark) // rule.width * rule.width
    whole = kept + (rule.counting.buckets - 1) * rule.width  # the first window that has all its buckets still
    following = state.judged_to + rule.width
    settled = min(state.settled_to, state.judged_to) + rule.width  # a person may have ended an incident ahead of what is judged
    return max(following if changed is None else min(changed, following), whole, settled)


def kept_from(rule: ComponentRule, state: State) -> int:
    """Returns the oldest bucket that may still change a judgement."""
    return oldest(rule.counting, state.judged_to)
