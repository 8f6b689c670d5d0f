"""A customer has begun, and the next step does not come: when that is a risk, and what ends it."""

import pytest
from pydantic import ValidationError

from services.monitor.risk import stall as kind
from services.monitor.risk.finding import Reason, Span
from shared.events import ProductEvent
from tests.unit.monitor.builders import START
from tests.unit.monitor.risk.building import DAY, followed, found, happened, moments, stall

RULE = stall()
SIGNUP = happened("signup", 0)
NOTED = Span(START, START)  # of the risk that was raised for SIGNUP
EVER = START + 90 * DAY


def over(*events: ProductEvent, at: float) -> Reason | None:
    return kind.over(RULE, moments(followed(RULE, events, EVER)), NOTED, START + at)


def test_the_step_is_missed_once_its_time_is_over_and_not_before() -> None:
    assert found(RULE, [SIGNUP], at=3 * DAY - 0.1) is None
    assert (finding := found(RULE, [SIGNUP], at=3 * DAY)) is not None
    assert (finding.span, finding.score) == (NOTED, 0.5)
    assert finding.evidence == ("com.example.signup was at 2026-11-24 12:00:00 UTC", "com.example.order did not follow within 3d")


def test_the_score_grows_until_the_time_has_passed_twice() -> None:
    scores = [finding.score for at in (3, 4.5, 6, 20) if (finding := found(RULE, [SIGNUP], at=at * DAY)) is not None]
    assert scores == [0.5, 0.75, 1.0, 1.0]


def test_the_step_in_time_is_no_risk_whichever_comes_first() -> None:
    order = happened("order", 60)
    assert found(RULE, [SIGNUP, order], at=4 * DAY) is None
    assert found(RULE, [order, SIGNUP], at=4 * DAY) is None


def test_a_step_before_it_all_began_does_not_count() -> None:
    assert found(RULE, [happened("order", -60), SIGNUP], at=4 * DAY) is not None


def test_each_beginning_starts_the_clock_anew() -> None:
    events = [SIGNUP, happened("signup", 2 * DAY)]
    assert found(RULE, events, at=4 * DAY, now=EVER) is None
    assert found(RULE, events, at=5 * DAY, now=EVER) is not None


def test_only_the_steps_that_are_asked_for_count() -> None:
    paid = stall(where={"data.plan": "paid"}, expects={"events": ["com.example.order"], "where": {"data.ok": True}})
    signup = happened("signup", 0, plan="paid")
    assert found(paid, [happened("signup", 0, plan="free")], at=4 * DAY) is None
    assert found(paid, [signup, happened("order", 60, ok=False)], at=4 * DAY) is not None
    assert found(paid, [signup, happened("order", 60, ok=True)], at=4 * DAY) is None


def test_a_risk_is_cleared_by_the_step_and_given_up_after_the_window() -> None:
    assert over(SIGNUP, at=29.9 * DAY) is None
    assert over(SIGNUP, happened("order", 4 * DAY), at=5 * DAY) is Reason.RECOVERED
    assert over(at=30 * DAY) is Reason.UNHEARD
    assert found(RULE, [SIGNUP], at=30 * DAY) is None


def test_the_next_look_is_when_time_alone_changes_something() -> None:
    held = moments(followed(RULE, [SIGNUP]))
    assert kind.look_at(RULE, held, None, START) == START + 3 * DAY
    assert kind.look_at(RULE, held, NOTED, START + 3 * DAY) == START + 30 * DAY


def test_a_window_that_ends_before_the_step_is_missed_is_refused() -> None:
    with pytest.raises(ValidationError, match="window is not longer than within"):
        stall(window="3d")
