"""Each destination has its turns: who comes earlier waits, and who would wait for too long comes again."""

import pytest

from services.notifier.channels.pacing import REMEMBERED, Pace


def test_a_destination_is_called_once_in_its_time_and_another_at_once() -> None:
    pace = Pace(every=1, patience=3)
    assert [pace.take("a", 100.0) for _ in range(3)] == [(0, True), (1, True), (2, True)]
    assert pace.take("b", 100.0) == (0, True)
    assert pace.take("a", 103.0) == (0, True)


def test_a_turn_that_is_too_far_is_not_taken() -> None:
    pace = Pace(every=1, patience=3)
    for _ in range(4):
        pace.take("a", 100.0)
    assert pace.take("a", 100.0) == (4, False)
    assert pace.take("a", 100.0) == (4, False), "who does not wait takes nobody's turn"
    assert pace.take("a", 101.0) == (3, True)


def test_a_provider_may_ask_for_more_time_and_for_less_it_need_not() -> None:
    pace = Pace(every=1, patience=3)
    pace.take("a", 100.0)
    pace.hold("a", 130.0)
    pace.hold("a", 110.0)
    assert pace.take("a", 100.5) == (29.5, False)
    assert pace.take("b", 100.5) == (0, True)
    assert pace.take("a", 130.0) == (0, True)


def test_a_destination_whose_time_has_passed_costs_no_memory() -> None:
    pace = Pace(every=1, patience=3)
    for number in range(REMEMBERED):
        pace.take(f"old-{number}", 100.0)
    pace.hold("held", 500.0)
    pace.take("new", 200.0)
    assert pace.known == 2  # held, new


@pytest.mark.parametrize("earlier", [0.0, 99.5])
def test_a_first_call_never_waits(earlier: float) -> None:
    assert Pace(every=1, patience=0).take("a", earlier) == (0, True)
