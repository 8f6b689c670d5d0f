"""The outages of the benchmark, and the reference that says which event crosses the threshold."""

from itertools import takewhile

import pytest

from bench.monitor.outages import CUSTOMERS, EVENTS, EVERY, SPREADS, WARM_UP, WINDOW, Reference, Request, length, script

OUTAGES = 2


def crossed(failing: int, good: int, apart: float = 0.01) -> float | None:
    """Returns when the reference crosses in a story of good requests and then of customers who each fail once."""
    reference = Reference()
    for number in range(good):
        reference.take(number * apart, True, 1000 + number)
    for number in range(failing):
        reference.take((good + number) * apart, False, number)
    return reference.crossed_at


def test_it_crosses_with_the_tenth_customer_once_there_are_enough_requests() -> None:
    assert crossed(CUSTOMERS, good=EVENTS) == pytest.approx((EVENTS + CUSTOMERS - 1) * 0.01)
    assert crossed(CUSTOMERS - 1, good=EVENTS) is None
    assert crossed(CUSTOMERS, good=EVENTS - CUSTOMERS - 1) is None


def test_what_is_older_than_the_window_does_not_count() -> None:
    assert crossed(CUSTOMERS, good=EVENTS, apart=WINDOW / CUSTOMERS) is None


def test_one_customer_who_fails_often_is_no_outage() -> None:
    reference = Reference()
    for number in range(EVENTS * 2):
        reference.take(number * 0.01, False, 7)
    assert (reference.crossed_at, reference.failed_at) == (None, {7: 0.0})


@pytest.fixture(scope="module")
def failed() -> list[Request]:
    """Returns the requests that failed within some seconds after the last outage touched nobody more."""
    until = length(OUTAGES) + EVERY
    return [each for each in takewhile(lambda request: request.offset < until, script(OUTAGES)) if not each.ok]


def test_components_fail_one_after_the_other_and_the_others_never(failed: list[Request]) -> None:
    first = {component: min(each.offset for each in failed if each.component == component) for component in range(OUTAGES)}
    assert {each.component for each in failed} == set(first)
    assert all(0 <= at - (WARM_UP + component * EVERY) < 0.2 for component, at in first.items())


def test_an_outage_goes_on_for_those_whom_it_touched_and_touches_nobody_more(failed: list[Request]) -> None:
    over = WARM_UP + SPREADS
    touched = {each.customer for each in failed if each.component == 0 and each.offset < over}
    later = {each.customer for each in failed if each.component == 0 and each.offset >= over}
    assert len(later) > CUSTOMERS
    assert later <= touched
