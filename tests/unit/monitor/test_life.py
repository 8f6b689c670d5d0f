"""An incident opens once, grows when it doubles, and ends after calm that events show, window by window."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.monitor.aggregates.counts import Counts
from services.monitor.detectors.registry import DETECTORS
from services.monitor.detectors.signal import View
from services.monitor.incidents.life import (
    ENDS,
    MOVES,
    Decision,
    Grew,
    IncidentRow,
    Judged,
    Opened,
    Resolved,
    State,
    Status,
    before,
    behind_seconds,
    ended,
    incident_id,
    moment,
    news,
    silent_since,
    step,
)
from services.monitor.rules.components import ComponentRule
from services.monitor.windows.window import Beginning
from tests.builders import NOON
from tests.unit.monitor.builders import count_rule, rule

QUIET = Counts(events=1000)
UNEASY = Counts(events=1000, bad=30, customers=20)  # between the thresholds
FAILING = Counts(events=1000, bad=100, customers=20)
SILENT = Counts()
FEW = Counts(events=49)  # one event too few to say that all is well
FEW_BAD = Counts(events=49, bad=1, customers=1)


def failing(customers: int) -> Counts:
    return Counts(events=1000, bad=100, customers=customers)


def walk(state: State, *windows: tuple[int, Counts], began: int = 100, by: ComponentRule | None = None) -> tuple[State, list[Decision]]:
    """Steps through windows (end, counts) in this order."""
    by, decisions = by or rule(), []
    for end, counts in windows:
        judged = Judged(end, end + 1.0, counts, DETECTORS[by.detector].judge(by, View(counts), end), Beginning(began, began + 0.25))
        state, decision = step(by, "checkout", state, judged)
        if decision is not None:
            decisions.append(decision)
    return state, decisions


def stretch(since: int, until: int, counts: Counts) -> list[tuple[int, Counts]]:
    return [(end, counts) for end in range(since, until + 1)]


def opened_at(end: int, counts: Counts = FAILING) -> State:
    state, (decision,) = walk(State(), (end, counts))
    assert isinstance(decision, Opened)
    return state


def test_an_incident_opens_with_the_first_failing_window_and_only_once() -> None:
    state, decisions = walk(State(), (100, QUIET), (101, UNEASY), *stretch(102, 110, FAILING))
    [opened] = decisions
    assert isinstance(opened, Opened)
    assert (opened.incident_id, opened.started_at) == (incident_id(rule(), "checkout", 100), 100.25)
    assert opened.why["customers"] == 20
    assert (state.incident_id, state.judged_to) == (opened.incident_id, 110)


def test_it_grows_each_time_its_customers_have_doubled() -> None:
    _, decisions = walk(opened_at(100, failing(10)), (101, failing(19)), (102, failing(20)), (103, failing(39)), (104, failing(40)))
    assert [grew.customers for grew in decisions if isinstance(grew, Grew)] == [20, 40]
    assert len(decisions) == 2


def test_it_grows_from_no_customers_when_machines_spoke_first() -> None:
    machines = rule(open={"ratio": 0.05, "events": 50, "customers": 0})
    _, decisions = walk(State(), (100, failing(0)), (101, failing(1)), (102, failing(2)), by=machines)
    assert [type(decision) for decision in decisions] == [Opened, Grew]


def test_it_ends_when_calm_has_lasted_exactly_as_long_as_the_rule_wants() -> None:
    calm = stretch(120, 129, QUIET)
    state, decisions = walk(opened_at(100), *calm)
    assert decisions == []
    state, [resolved] = walk(state, (130, QUIET))
    assert isinstance(resolved, Resolved)
    assert (resolved.incident_id, resolved.resolved_at) == (incident_id(rule(), "checkout", 100), 130.0)
    assert state.incident_id is None


def test_a_window_that_is_not_calm_begins_the_count_anew() -> None:
    state, decisions = walk(opened_at(100), *stretch(120, 129, QUIET), (130, UNEASY), *stretch(131, 140, QUIET))
    assert decisions == []
    _, [resolved] = walk(state, (141, QUIET))
    assert isinstance(resolved, Resolved)


# ── silence is not calm ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("nothing", [SILENT, FEW])
def test_silence_is_not_calm_however_long_it_lasts(nothing: Counts) -> None:
    state, decisions = walk(opened_at(100), *stretch(101, 115, nothing), (90_000, nothing))
    assert decisions == []
    assert state.incident_id is not None


@pytest.mark.parametrize("nothing", [SILENT, FEW])
def test_a_window_without_enough_events_pauses_the_calm_and_lets_none_of_it_pass(nothing: Counts) -> None:
    state, decisions = walk(opened_at(100), *stretch(120, 125, QUIET), *stretch(126, 135, nothing), *stretch(136, 139, QUIET))
    assert decisions == []  # calm windows from 120 to 125 and from 136 to 139: nine seconds
    _, [resolved] = walk(state, (140, QUIET))
    assert isinstance(resolved, Resolved)
    assert resolved.resolved_at == 140.0


def test_a_pause_of_a_window_is_a_pause_and_a_longer_one_begins_the_calm_anew() -> None:
    before = walk(opened_at(100), *stretch(120, 129, QUIET))[0]
    _, [resolved] = walk(before, *stretch(130, 144, SILENT), (145, QUIET))
    assert isinstance(resolved, Resolved)
    state, decisions = walk(before, *stretch(130, 145, SILENT), *stretch(146, 155, QUIET))
    assert decisions == []
    _, [resolved] = walk(state, (156, QUIET))
    assert isinstance(resolved, Resolved)


def test_a_bad_event_breaks_the_calm_however_few_there_are() -> None:
    state, decisions = walk(opened_at(100), *stretch(120, 129, QUIET), (130, FEW_BAD), *stretch(131, 140, QUIET))
    assert decisions == []
    _, [resolved] = walk(state, (141, QUIET))
    assert isinstance(resolved, Resolved)


def test_calm_windows_judged_again_are_not_counted_twice() -> None:
    again = [*stretch(120, 125, QUIET), *stretch(120, 129, QUIET), *stretch(118, 129, QUIET)]
    state, decisions = walk(opened_at(100), *again)
    assert decisions == []
    _, [resolved] = walk(state, (130, QUIET))
    assert isinstance(resolved, Resolved)


def test_where_a_rule_takes_silence_for_calm_of_which_only_some_windows_are_judged_it_ends_by_silence() -> None:
    only_failures = count_rule(resolve={"count": 4, "calm": "10s", "events": 0})
    opened = walk(State(), (100, Counts(events=20, bad=20, customers=5)), by=only_failures)[0]
    quiet, decisions = walk(opened, (115, Counts(events=3, bad=3, customers=1)), (120, SILENT), by=only_failures)
    assert decisions == []
    _, [resolved] = walk(quiet, (9000, SILENT), by=only_failures)
    assert isinstance(resolved, Resolved)
    # and where it wants an event, silence pauses the calm as everywhere
    assert walk(opened, (115, SILENT), (9000, SILENT), by=count_rule())[1] == []


READ_TO = NOON + timedelta(hours=1)


@pytest.mark.parametrize(
    ("heard_minutes_before", "silent"),
    [(15, False), (15.1, True), (0, False), (-5, False)],  # heard later than monitor reads: it may be behind
)
def test_a_component_is_silent_after_more_than_the_rules_time_of_what_monitor_has_read(heard_minutes_before: float, silent: bool) -> None:
    heard_at = READ_TO - timedelta(minutes=heard_minutes_before)
    assert silent_since(rule(), heard_at, NOON, READ_TO) == (NOON if silent else None)


# ── what somebody else ends ──────────────────────────────────────────────────────────────────


def test_after_a_persons_end_only_what_comes_after_that_moment_counts() -> None:
    state = ended(opened_at(100), moment(109.7), rule())
    state, decisions = walk(state, *stretch(101, 109, FAILING))
    assert (decisions, state.settled_to, state.judged_to) == ([], 109, 109)
    _, [opened] = walk(state, (110, FAILING), began=110)
    assert isinstance(opened, Opened)


def test_a_persons_end_falls_on_the_edge_of_a_bucket() -> None:
    assert ended(State(), moment(109.7), rule(window="60s")).settled_to == 108


# ── what is new of an open incident ──────────────────────────────────────────────────────────


def row(**changes: Any) -> IncidentRow:
    """Returns an incident that is failing at 1000, said by a monitor that keeps up."""
    at = datetime.fromtimestamp(990, UTC)
    known: dict[str, Any] = {
        **{
            "id": "i",
            "rule": "failing",
            "component": "checkout",
            "severity": "high",
            "symptom": "failing",
            "title": "",
            "status": Status.OPEN,
        },
        **{"started_at": at, "opened_at": at, "revision": 0, "affected": 0, "behind_seconds": 1.0, "failing_at": moment(1000.0)},
        **{"silent_since": None, "ended_at": None, "ended_by": None, "note": "", "why": {}},
    }
    return IncidentRow(**{**known, **changes})


@pytest.mark.parametrize(
    ("standing", "failing_to", "behind", "heard", "says"),
    [
        ({}, 1299.0, 1.0, True, None),
        ({}, 1300.0, 1.0, True, "it still fails"),
        ({"behind_seconds": 60.1}, 1000.0, 60.0, True, "monitor has caught up"),
        ({"behind_seconds": 60.1}, 1000.0, 60.1, True, None),
        ({"behind_seconds": 60.0}, 1000.0, 0.0, True, None),
        ({"silent_since": NOON}, 1000.0, 1.0, True, "it speaks again"),
        ({"silent_since": NOON}, 1000.0, 1.0, False, None),
    ],
)
def test_an_open_incident_has_news(standing: dict[str, Any], failing_to: float, behind: float, heard: bool, says: str | None) -> None:
    assert news(row(**standing), failing_to, behind, heard=heard) == says


def test_a_failing_window_moves_on_until_when_it_fails_and_any_other_does_not() -> None:
    state = opened_at(100)
    assert state.failing_to == 101.0
    assert walk(state, (101, UNEASY), (102, SILENT))[0].failing_to == 101.0
    assert walk(state, (101, FAILING), (103, FAILING), (102, FAILING))[0].failing_to == 104.0


def test_monitor_is_never_less_than_nothing_behind() -> None:
    assert behind_seconds(NOON, NOON - timedelta(minutes=3)) == 180.0
    assert behind_seconds(NOON, NOON + timedelta(minutes=3)) == 0.0


# ── what comes after ─────────────────────────────────────────────────────────────────────────


def test_after_its_end_the_next_trouble_is_another_incident() -> None:
    state, _ = walk(opened_at(100), *stretch(120, 130, QUIET))
    _, [opened] = walk(state, (140, FAILING), began=135)
    assert isinstance(opened, Opened)
    assert opened.incident_id == incident_id(rule(), "checkout", 135)


def test_late_events_from_before_the_opening_do_not_end_it() -> None:
    state, decisions = walk(opened_at(100), *stretch(60, 100, QUIET), (101, FAILING))
    assert decisions == []
    assert state.incident_id is not None


def test_late_events_of_trouble_that_is_over_open_nothing() -> None:
    state, _ = walk(opened_at(100), *stretch(120, 130, QUIET))
    state, decisions = walk(state, *stretch(95, 130, FAILING), (131, QUIET))
    assert decisions == []
    assert (state.incident_id, state.judged_to) == (None, 131)


def test_windows_judged_again_decide_the_same() -> None:
    windows = [(100, FAILING), *stretch(101, 115, failing(45)), *stretch(116, 126, QUIET)]
    state, decisions = walk(State(), *windows)
    assert [type(decision) for decision in decisions] == [Opened, Grew, Resolved]
    assert walk(state, *windows) == (state, [])


def test_the_same_trouble_has_the_same_id_and_any_other_has_another() -> None:
    one = incident_id(rule(), "checkout", 100)
    others = [incident_id(rule(id="slow"), "checkout", 100), incident_id(rule(), "search", 100), incident_id(rule(), "checkout", 101)]
    assert len({one, *others}) == 4
    assert one == "515d1fe3-37d2-5fbf-bb00-f12f66f18bf6"  # on any machine, for ever


# ── what an incident may become ──────────────────────────────────────────────────────────────


def test_an_open_incident_ends_once_and_each_status_has_its_moves() -> None:
    assert set(MOVES) == set(Status)
    assert {status: before(status) for status in Status} == {
        Status.CANDIDATE: [],
        Status.OPEN: [Status.CANDIDATE],
        Status.ACKNOWLEDGED: [Status.OPEN],
        Status.MERGED: [Status.CANDIDATE, Status.OPEN, Status.ACKNOWLEDGED],
        Status.RESOLVED: [Status.OPEN, Status.ACKNOWLEDGED, Status.MERGED],
        Status.WITHDRAWN: [Status.CANDIDATE, Status.OPEN, Status.ACKNOWLEDGED, Status.MERGED],
        Status.DISMISSED: [Status.CANDIDATE, Status.OPEN, Status.ACKNOWLEDGED, Status.MERGED],
    }
    assert set(Status) - ENDS == {Status.CANDIDATE, Status.OPEN, Status.ACKNOWLEDGED, Status.MERGED}
