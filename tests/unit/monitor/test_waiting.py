"""An open incident is judged when time may end it: what is decided, and when, is the same as if it were judged at every clock."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.monitor.fold.partition import Partition
from services.monitor.fold.reports import TOLD_EVERY, Reports
from services.monitor.incidents.grouping import Joined
from services.monitor.incidents.judging import come_to, first_to_judge, kept_from, let_go, steps
from services.monitor.incidents.life import Decision, State
from services.monitor.incidents.waiting import Waiting, due_at
from services.monitor.rules.components import ComponentRule
from services.monitor.windows.window import Part, Window
from shared.events import Bucket
from tests.unit.monitor.builders import HORIZON, LATER, START, count_rule, request, rule

BEGIN = int(START)
PATIENT = rule()
SILENCE_IS_CALM = count_rule(resolve={"count": 4, "calm": "10s", "events": 0})
LONG = count_rule(window="1m", resolve={"count": 4, "calm": "20s", "events": 0})


class Heard(NamedTuple):
    """So many seconds later a bucket of the component comes, or none and only time goes on."""

    after: int
    bad: int
    good: int

    def buckets(self, at: int) -> list[Bucket]:
        return [(at, self.bad + self.good, self.bad, self.bad, float(at))] if self.bad + self.good else []


stories = st.lists(
    st.builds(Heard, st.sampled_from([1, 1, 2, 5, 20, 90]), st.sampled_from([0, 0, 60]), st.sampled_from([0, 0, 0, 100])), max_size=20
)


def decided(by: ComponentRule, story: Iterable[Heard], *, waits: bool) -> list[tuple[int, Decision | Joined]]:
    """Returns what is decided, and when; `waits`: an open incident of which nothing comes is judged only when it is due."""
    window, state, found, waiting = Window(), State(), list[tuple[int, Decision | Joined]](), Waiting[str]()
    for at, heard in enumerate(ticks(story), BEGIN):
        buckets = heard.buckets(at // by.width * by.width)
        since = _since(by, state, window, waiting, at, buckets, waits=waits)
        state = _judged(by, window, state, since, found, waiting, at)
    return found


def ticks(story: Iterable[Heard]) -> Iterator[Heard]:
    """Yields what comes in each second: trouble at first, and two minutes of nothing at last."""
    for heard in (Heard(1, 60, 0), *story, Heard(120, 0, 0)):
        yield from [Heard(1, 0, 0)] * (heard.after - 1)
        yield heard


def _since(
    by: ComponentRule, state: State, window: Window, waiting: Waiting[str], at: int, buckets: Iterable[Bucket], *, waits: bool
) -> int | None:
    """Returns the first window to judge; None: nothing is to be judged."""
    if buckets:
        kept = kept_from(by, state, HORIZON)
        return first_to_judge(by, state, window.merge(0, float(at), buckets, kept), kept, float(at))
    if state.incident_id is None or (waits and not waiting.take_due("", float(at))):
        return None
    return come_to(by, state, window, float(at), HORIZON)


def _judged(
    by: ComponentRule,
    window: Window,
    state: State,
    since: int | None,
    found: list[tuple[int, Decision | Joined]],
    waiting: Waiting[str],
    at: int,
) -> State:
    for one in steps(by, "checkout", window, state, since) if since is not None else ():
        state = one.state
        if one.decision is not None:
            found.append((at, one.decision))
    let_go(by, state, window, HORIZON)
    waiting.plan("", "checkout", due_at(by, state, window))
    return state


@given(st.sampled_from([PATIENT, SILENCE_IS_CALM, LONG]), stories)
def test_to_wait_changes_no_decision_and_no_moment(by: ComponentRule, story: list[Heard]) -> None:
    assert decided(by, story, waits=True) == decided(by, story, waits=False)


OPEN = State(judged_to=BEGIN + 30, incident_id="i-1")


@pytest.mark.parametrize(
    ("by", "state", "bucket", "due"),
    [
        (PATIENT, State(judged_to=BEGIN + 30), BEGIN + 30, math.inf),  # nothing is open
        (PATIENT, OPEN, BEGIN + 16, BEGIN + 31),  # the window is not empty yet
        (PATIENT, OPEN, BEGIN + 15, math.inf),  # silence is no evidence
        (SILENCE_IS_CALM, OPEN, BEGIN + 15, BEGIN + 31),
        (SILENCE_IS_CALM, State(judged_to=BEGIN + 30, incident_id="i-1", calm_since=BEGIN + 28), BEGIN + 13, BEGIN + 38),
    ],
)
def test_it_is_due_when_a_window_may_say_something_else(by: ComponentRule, state: State, bucket: int, due: float) -> None:
    assert due_at(by, state, Window({bucket: {0: Part(10, 10)}})) == due


def test_what_is_planned_anew_is_due_once_and_in_its_shard() -> None:
    waiting = Waiting[str]()
    for at in (5.0, 9.0, 7.0):
        waiting.plan("a", "checkout", at)
    waiting.plan("b", "search", 6.0)
    assert waiting.take_due("a", 6.9) == []
    assert waiting.take_due("a", 7.0) == ["checkout"]
    assert waiting.take_due("a", 99.0) == []
    waiting.plan("b", "search", math.inf)
    assert waiting.take_due("b", 99.0) == []


def test_clocks_are_told_now_and_then_and_at_once_when_one_more_waits() -> None:
    partition, reports = Partition([PATIENT], HORIZON), Reports()
    waiting, more = {PATIENT.id: frozenset({"a"})}, {PATIENT.id: frozenset({"a", "b"})}
    assert reports.clocks({3: partition}, waiting) == []  # it has heard nothing
    partition.fold([request(1.0)], LATER)
    assert reports.clocks({3: partition}, {}) == []
    assert reports.clocks({3: partition}, waiting) == [(3, START + 1.0)]
    assert reports.clocks({3: partition}, waiting) == []
    assert reports.clocks({3: partition}, more) == [(3, START + 1.0)]
    partition.fold([request(1.0 + TOLD_EVERY)], LATER)
    assert reports.clocks({3: partition}, more) == [(3, START + 1.0 + TOLD_EVERY)]
