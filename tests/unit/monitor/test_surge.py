"""The surge detector: complaints against what is usual at that hour of the week, and what makes a candidate."""

from math import isclose

import pytest
from pydantic import ValidationError

from services.monitor.detectors.surge import HOUR, WEEK, History, Usual, judge, tail, usual
from services.monitor.incidents.candidates import Complaint, found_in
from services.monitor.rules.ratio import RatioRule
from services.monitor.rules.surge import SurgeRule
from tests.builders import NOON

SAID = {"id": "complaints", "detector": "surge", "title": "{component} is complained of"}
RULE = SurgeRule.model_validate(SAID)
AT = NOON.timestamp()
NEW = History({}, AT)


def weekly(customers: int, weeks: int, at: float = AT) -> History:
    """Returns a component of which so many customers complain in this hour of each week, and nobody in any other."""
    end = int(at // HOUR)
    return History({end - 1 - back * WEEK: customers for back in range(1, weeks + 1)}, at - (weeks * WEEK + 2) * HOUR)


@pytest.mark.parametrize(("shape", "rate", "customers"), [(1.0, 1.0, 1), (2.0, 1.0, 3), (5.5, 4.0, 2)])
def test_the_tail_is_that_of_the_negative_binomial(shape: float, rate: float, customers: int) -> None:
    stays = rate / (rate + 1)
    below, term = 0.0, stays**shape  # by the recursion of its terms, and not by the gamma function
    for number in range(customers):
        below += term
        term *= (number + shape) / (number + 1) * (1 - stays)
    assert isclose(tail(customers, Usual(shape, rate)), 1 - below, rel_tol=1e-9)
    assert tail(0, Usual(shape, rate)) == 1.0


def test_a_new_component_needs_more_than_the_floor() -> None:
    # With a usual number of 1 that is worth a week, the chance of n or more is 2 ** -n
    assert isclose(tail(13, usual(RULE, NEW, AT)), 2.0**-13)
    assert not judge(RULE, 13, NEW, AT).rises
    assert judge(RULE, 14, NEW, AT).rises


def test_a_component_of_which_nobody_complained_for_weeks_rises_at_the_floor() -> None:
    quiet = History({}, AT - 9 * WEEK * HOUR)
    assert not judge(RULE, 4, quiet, AT).rises
    assert judge(RULE, 5, quiet, AT).rises


def test_the_same_number_is_usual_at_its_own_hour_of_the_week_and_a_surge_at_another() -> None:
    busy = weekly(20, 8)
    assert not judge(RULE, 22, busy, AT).rises
    assert judge(RULE, 22, busy, AT + 5 * HOUR).rises
    assert judge(RULE, 60, busy, AT).rises


def test_a_week_long_ago_counts_less() -> None:
    old, young = History({int(AT // HOUR) - 1 - 8 * WEEK: 40}, 0.0), History({int(AT // HOUR) - 1 - WEEK: 40}, 0.0)
    assert usual(RULE, old, AT).mean < usual(RULE, young, AT).mean


def test_what_comes_within_the_window_is_no_history_of_it() -> None:
    hour = int(AT // HOUR)
    with_it = History({hour: 30, hour - 1: 30}, AT - 9 * WEEK * HOUR)
    assert usual(RULE, with_it, AT) == usual(RULE, History({}, AT - 9 * WEEK * HOUR), AT)


def complaints(*times: float) -> list[Complaint]:
    return [Complaint(f"c-{number}", AT + at) for number, at in enumerate(times)]


QUIET = History({}, AT - 9 * WEEK * HOUR)


def test_the_candidate_is_the_same_in_whatever_order_tickets_came() -> None:
    came = complaints(0, 60, 120, 180, 240, 300)
    assert list(found_in(RULE, "checkout", came, QUIET)) == list(found_in(RULE, "checkout", came[::-1], QUIET))
    first, second = found_in(RULE, "checkout", came, QUIET)
    assert first.id == second.id
    assert (first.started_at, first.last_at, first.customers, second.customers) == (AT, AT + 240, 5, 6)


def test_one_customer_who_writes_often_counts_once_and_the_window_ends() -> None:
    assert not list(found_in(RULE, "checkout", [Complaint("c-1", AT + number) for number in range(50)], QUIET))
    assert not list(found_in(RULE, "checkout", complaints(0, 60, 120, 180, 3600), QUIET))
    assert list(found_in(RULE, "checkout", complaints(0, 60, 120, 180, 3599), QUIET))


def test_only_windows_that_end_later_are_judged_again() -> None:
    came = complaints(0, 60, 120, 180, 240, 300)
    assert [each.last_at for each in found_in(RULE, "checkout", came, QUIET, judged_from=AT + 241)] == [AT + 300]


def test_many_more_than_usual_are_no_longer_counted_out() -> None:
    assert tail(10**9, usual(RULE, QUIET, AT)) == 0.0


def test_what_was_dealt_with_shows_nothing_more() -> None:
    came = complaints(0, 60, 120, 180, 240, 300)
    assert not list(found_in(RULE, "checkout", came, QUIET, since=AT + 60))
    assert [each.customers for each in found_in(RULE, "checkout", came, QUIET, since=AT)] == [5]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"shadow": True}, "tells nobody"),
        ({"escalate": {"critical": {"customers": 9}}}, "a person says"),
        ({"window": "4m"}, "5 minutes to 24 hours"),
        ({"open": {"customers": 1}}, "greater than or equal to 2"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(more: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        SurgeRule.model_validate(SAID | more)


def test_half_the_evidence_halves_numbers_and_neither_shares_nor_what_is_measured() -> None:
    said = {"id": "r", "title": "t", "events": ["e"], "bad": {"data.ok": False}, "resolve": {"ratio": 0.01}}
    rule = RatioRule.model_validate(said | {"open": {"ratio": 0.05, "events": 51, "customers": 0}})
    half = rule.half
    assert isinstance(half, RatioRule)
    assert (half.open.ratio, half.open.events, half.open.customers) == (0.05, 26, 0)
    assert half.fingerprint == rule.fingerprint
