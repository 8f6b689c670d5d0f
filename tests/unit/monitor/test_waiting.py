"""An open incident is judged when time may end it: what is decided, and when, is the same as if it were judged at every clock."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.monitor.fold.partition import Partition
from services.monitor.fold.reports import TOLD_EVERY, Reports, shard_of
from services.monitor.incidents.grouping import Joined
from services.monitor.incidents.judging import come_to, first_to_judge, kept_from, let_go, steps
from services.monitor.incidents.known import Known, RecentIncident
from services.monitor.incidents.life import Decision, State
from services.monitor.incidents.waiting import Waiting, due_at
from services.monitor.rules.components import ComponentRule
from services.monitor.windows.window import Part, Window
from shared.events import Bucket
from tests.builders import NOON
from tests.unit.monitor.builders import HORIZON, LATER, START, count_rule, request, rule

BEGIN, HOUR = int(START), timedelta(hours=1)
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
    assert reports.clocks({3: partition}, anew=True) == []  # it has heard nothing
    partition.fold([request(1.0)], LATER)
    assert reports.clocks({3: partition}, anew=False) == [(3, START + 1.0)]
    assert reports.clocks({3: partition}, anew=False) == []
    assert reports.clocks({3: partition}, anew=True) == [(3, START + 1.0)]
    partition.fold([request(1.0 + TOLD_EVERY)], LATER)
    assert reports.clocks({3: partition}, anew=False) == [(3, START + 1.0 + TOLD_EVERY)]


# ── which incidents are known ────────────────────────────────────────────────────────────────


def incident(number: int, *, opened: int = 0, over: bool = False, touches: bool = True) -> RecentIncident:
    """Returns an incident; two of each component."""
    at = NOON + timedelta(seconds=opened)
    return RecentIncident(f"i-{number}", "failing", f"part-{number // 2}", at, at if over else None, at, touches)


def test_a_component_waits_as_long_as_one_of_its_incidents_is_open() -> None:
    known = Known()
    assert known.take([incident(0), incident(1), incident(2)], NOON - HOUR).waits == {("failing", "part-0"), ("failing", "part-1")}
    assert known.take([incident(0, over=True)], NOON - HOUR).rests == set()
    assert known.waiting == {"failing": {"part-0", "part-1"}}
    moved = known.take([incident(1, touches=False)], NOON - HOUR)
    assert moved.rests == {("failing", "part-0")}
    assert (moved.gone, known.waiting) == (["i-1"], {"failing": {"part-1"}})
    assert known.of == {("failing", "part-0"): {"i-0": incident(0, over=True)}, ("failing", "part-1"): {"i-2": incident(2)}}
    assert +known.shards == Counter([shard_of("part-1")])


def test_what_is_over_is_let_go_when_it_opened_long_ago_and_what_is_open_is_not() -> None:
    known = Known()
    known.take([incident(0, over=True), incident(2)], NOON - HOUR)
    assert known.take([], NOON - timedelta(seconds=1)).gone == []
    assert known.take([], NOON).gone == ["i-0"]
    assert list(known.of) == [("failing", "part-1")]
    moved = known.take([incident(4, over=True)], NOON)
    assert (moved.fresh, moved.gone) == ([], ["i-4"])


@given(st.lists(st.builds(incident, st.integers(0, 7), opened=st.integers(-5, 5), over=st.booleans(), touches=st.booleans()), max_size=30))
def test_what_is_known_is_what_was_said_last_of_each(said: list[RecentIncident]) -> None:
    """It is the same as if all were read anew at each checkpoint."""
    known, last = Known(), dict[str, RecentIncident]()
    for each in said:
        known.take([each], NOON)
        last[each.id] = each
    kept = [each for each in last.values() if each.touches and (each.resolved_at is None or each.opened_at > NOON)]
    assert {id_: one for of in known.of.values() for id_, one in of.items()} == {each.id: each for each in kept}
    assert {component for each in known.waiting.values() for component in each} == {e.component for e in kept if e.resolved_at is None}
    assert +known.shards == Counter(shard_of(component) for component in known.waiting.get("failing", ()))


def test_one_that_is_merged_waits_as_long_as_the_other_is_open_and_is_itself_again_when_they_are_taken_apart() -> None:
    known, merged = Known(), replace(incident(2), merged_into="i-0")
    known.take([incident(0), incident(2)], NOON - HOUR)
    moved = known.take([incident(2, touches=False)], NOON - HOUR, [merged])  # its row says that it is withdrawn
    assert (moved.fresh, moved.gone, known.of["failing", "part-1"]) == ([merged], [], {"i-2": merged})
    assert known.take([incident(2, touches=False)], NOON - HOUR, [merged]).fresh == []  # it is read once more
    assert known.take([incident(2)], NOON - HOUR).fresh == [incident(2)]
    known.take([incident(2, touches=False)], NOON - HOUR, [merged])
    moved = known.take([incident(0, over=True)], NOON - HOUR)
    assert (moved.gone, known.waiting) == (["i-2"], {"failing": set()})
