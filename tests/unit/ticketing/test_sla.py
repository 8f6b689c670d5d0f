"""The first-response clock warns and breaches, at every boundary."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.ticketing.sla.clock import SKEW, Milestone, reached, start, stop
from tests.unit.ticketing.builders import NOW, a_clock, minutes

SECOND = timedelta(seconds=1)
TARGET = timedelta(hours=4)


def test_it_runs_since_the_request_came_and_warns_after_its_part_of_the_target() -> None:
    clock = start(NOW - minutes(1), NOW, TARGET, 0.75)
    assert (clock.started_at, clock.warn_at, clock.due_at) == (NOW, NOW + minutes(180), NOW + minutes(240))


def test_somebody_elses_wrong_clock_moves_no_deadline() -> None:
    deadlines = {start(NOW + off, NOW, TARGET, 0.75).due_at for off in (-SKEW, timedelta(), SKEW)}
    assert deadlines == {NOW + TARGET}


def test_a_request_that_waited_to_be_read_runs_since_it_was_written() -> None:
    assert start(NOW - SKEW - SECOND, NOW, TARGET, 0.75).started_at == NOW - SKEW - SECOND


def test_one_whose_time_is_over_is_breached_from_the_start_and_never_rings() -> None:
    clock = start(NOW - TARGET, NOW, TARGET, 0.75)
    assert clock.breached_at == NOW
    assert reached(clock, NOW + minutes(1000)) is None
    assert start(NOW - TARGET + SECOND, NOW, TARGET, 0.75).breached_at is None


def test_it_warns_once_and_breaches_once() -> None:
    clock = a_clock()
    assert [reached(clock, at) for at in (clock.warn_at - SECOND, clock.warn_at, clock.due_at - SECOND, clock.due_at)] == [
        None,
        Milestone.WARNING,
        Milestone.WARNING,
        Milestone.BREACH,
    ]
    assert reached(a_clock(warned_at=clock.warn_at), clock.due_at - SECOND) is None
    assert reached(a_clock(warned_at=clock.warn_at), clock.due_at) is Milestone.BREACH
    assert reached(a_clock(breached_at=clock.due_at), clock.due_at + SECOND) is None


def test_an_answer_in_time_keeps_the_promise_and_a_late_one_has_missed_it() -> None:
    clock = a_clock()
    assert stop(clock, clock.due_at - SECOND, "ada").breached_at is None
    late = stop(clock, clock.due_at, "ada")
    assert (late.stopped_at, late.answered_by, late.breached_at) == (clock.due_at, "ada", clock.due_at)


def test_only_the_first_answer_stops_it() -> None:
    stopped = stop(a_clock(), NOW, "forewarn")
    assert stop(stopped, NOW + minutes(9), "ada") is stopped
    assert reached(stopped, NOW + minutes(1000)) is None


@given(
    written=st.timedeltas(min_value=-timedelta(days=5), max_value=timedelta(days=1)),
    target=st.timedeltas(min_value=SECOND, max_value=timedelta(days=3)),
    part=st.floats(0.01, 0.99),
)
def test_a_new_clock_warns_before_it_is_due_and_is_breached_only_when_it_is_due(written: timedelta, target: timedelta, part: float) -> None:
    clock = start(NOW + written, NOW, target, part)
    assert clock.started_at <= clock.warn_at <= clock.due_at == clock.started_at + target
    assert clock.started_at <= NOW
    assert (clock.breached_at is not None) == (clock.due_at <= NOW)
