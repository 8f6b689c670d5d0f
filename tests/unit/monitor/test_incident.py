"""An incident's life, window by window: it opens once, grows when it doubles, and ends after calm that nothing broke."""

from services.monitor.detectors.ratio import Counts, judge
from services.monitor.incident import Decision, Grew, Opened, Resolved, State, incident_id, step
from tests.unit.monitor.builders import rule

QUIET = Counts(events=1000)
UNEASY = Counts(events=1000, bad=30, customers=20)  # between the thresholds
FAILING = Counts(events=1000, bad=100, customers=20)


def failing(customers: int) -> Counts:
    return Counts(events=1000, bad=100, customers=customers)


def walk(state: State, *windows: tuple[int, Counts], started: int = 100) -> tuple[State, list[Decision]]:
    """Steps through windows (end, counts) in this order."""
    decisions = []
    for end, counts in windows:
        state, decision = step(rule(), "checkout", state, end, counts, judge(rule(), counts), started)
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
    assert (opened.incident_id, opened.started_at) == (incident_id(rule(), "checkout", 100), 100.0)
    assert opened.why["customers"] == 20
    assert (state.incident_id, state.judged_to) == (opened.incident_id, 110)


def test_it_grows_each_time_its_customers_have_doubled() -> None:
    _, decisions = walk(opened_at(100, failing(10)), (101, failing(19)), (102, failing(20)), (103, failing(39)), (104, failing(40)))
    assert [(grew.revision, grew.customers) for grew in decisions if isinstance(grew, Grew)] == [(1, 20), (2, 40)]
    assert len(decisions) == 2


def test_it_grows_from_no_customers_when_machines_spoke_first() -> None:
    machines = rule(open={"ratio": 0.05, "events": 50, "customers": 0})
    state = State()
    decisions = []
    for end, counts in ((100, failing(0)), (101, failing(1)), (102, failing(2))):
        state, decision = step(machines, "checkout", state, end, counts, judge(machines, counts), 100)
        decisions.append(type(decision))
    assert decisions == [Opened, type(None), Grew]


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


def test_after_its_end_the_next_trouble_is_another_incident() -> None:
    state, _ = walk(opened_at(100), *stretch(120, 130, QUIET))
    _, [opened] = walk(state, (140, FAILING), started=135)
    assert isinstance(opened, Opened)
    assert opened.incident_id == incident_id(rule(), "checkout", 135)


def test_the_next_trouble_never_starts_before_the_last_one_ended() -> None:
    state, _ = walk(opened_at(100), *stretch(120, 130, QUIET))
    _, [opened] = walk(state, (131, FAILING), started=100)
    assert isinstance(opened, Opened)
    assert opened.started_at == 131.0


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
    same = [incident_id(rule(), "checkout", 100.0), incident_id(rule(), "checkout", 100.9)]
    others = [
        incident_id(rule(id="slow"), "checkout", 100.0),
        incident_id(rule(), "search", 100.0),
        incident_id(rule(), "checkout", 101.0),
    ]
    assert len({*same}) == 1
    assert len({*same, *others}) == 4
    assert same[0] == "515d1fe3-37d2-5fbf-bb00-f12f66f18bf6"  # on any machine, for ever
