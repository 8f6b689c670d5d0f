"""A customer comes less often than they used to, or for less: when that is a risk, and what ends it."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from services.monitor.risk import decline as kind
from services.monitor.risk.finding import Finding, Reason, Span
from services.monitor.rules.decline import DeclineRule
from shared.events import ProductEvent
from tests.unit.monitor.builders import START
from tests.unit.monitor.risk.building import DAY, decline, followed, happened, moments

RULE = decline(remember=200)
PAID = decline(remember=200, value={"field": "data.amount", "typical": 100})
LATE = START + 900 * DAY  # the wall clock
MIDNIGHT = -DAY / 2  # of the first day of the story, which begins at noon: visits are told by days
DAILY, WEEKLY = range(60), range(60, 130, 7)


def orders(*days: int, **data: Any) -> list[ProductEvent]:
    return [happened("order", day * DAY, **data) for day in days]


def found(events: Sequence[ProductEvent], day: float, rule: DeclineRule = RULE) -> Finding | None:
    """Returns what is found when that day begins."""
    return kind.find(rule, moments(followed(rule, events, LATE)), START + MIDNIGHT + day * DAY)


def over(events: Sequence[ProductEvent], day: float, last: float) -> Reason | None:
    """Returns why a risk is over when that day begins, of which the last evidence was on day `last`."""
    at = START + MIDNIGHT + last * DAY
    return kind.over(RULE, moments(followed(RULE, events, LATE)), Span(at, at), START + MIDNIGHT + day * DAY)


@pytest.mark.parametrize("gap", [1, 7, 30, 45])
def test_whoever_comes_steadily_within_one_and_a_half_half_lives_is_never_at_risk(gap: int) -> None:
    events = orders(*range(0, 660, gap))
    last = range(0, 660, gap)[-1]
    assert [found(events, day) for day in range(last, last + gap + 1)] == [None] * (gap + 1)


def test_whoever_came_daily_and_comes_weekly_is_at_risk_and_the_evidence_says_by_how_much() -> None:
    finding = found(orders(*DAILY, *WEEKLY), 131)
    assert finding is not None
    assert finding.contributions == {"comes less often than they used to": finding.score}
    assert 0.5 < finding.score < 0.9
    assert finding.evidence[0] == "70 visits between 2026-11-24 00:00:00 UTC and 2027-03-27 00:00:00 UTC, 1d18h apart on average"
    assert finding.evidence[1] == f"use, halved with each 30d that passes, is at {1 - finding.score:.0%} of their average"
    assert finding.evidence[2].startswith("none in the following 90d has a chance of ")


def test_it_is_found_exactly_when_the_share_is_as_small_as_the_rule_says_though_nothing_comes() -> None:
    held = moments(followed(RULE, orders(*DAILY), LATE))
    at = kind.look_at(RULE, held, None, START + 59 * DAY)
    assert kind.find(RULE, held, at - 1) is None
    assert (finding := kind.find(RULE, held, at)) is not None
    assert finding.score == pytest.approx(0.5, abs=1e-3)
    assert 20 * DAY < at - (START + 59 * DAY) < 30 * DAY
    assert kind.look_at(RULE, held, None, at) == float("inf")
    assert kind.look_at(RULE, held, finding.span, at) == finding.span.last + 365 * DAY


def test_whoever_spends_less_at_each_visit_is_at_risk_though_they_come_as_before() -> None:
    less = [*orders(*range(60), amount=10_000), *orders(*range(60, 120), amount=1)]
    assert found(less, 120) is None
    finding = found(less, 120, PAID)
    assert finding is not None
    assert finding.contributions["visits weigh less than they used to"] > 0.9 * finding.score > 0.45


def test_of_a_visit_the_greatest_number_counts_and_whoever_says_none_is_typical() -> None:
    events = [*orders(0, amount=3), *orders(0, amount=30), *orders(0, amount=-1), *orders(1, amount=-1), *orders(2)]
    assert moments(followed(PAID, events, LATE)).amounts == (30.0, 0.0, 100.0)
    assert moments(followed(RULE, events, LATE)).amounts == ()


@pytest.mark.parametrize("said", ["much", True, None, [], float("nan"), float("inf"), 10**400, 1e15])
def test_what_is_no_number_to_reckon_with_is_typical(said: object) -> None:
    assert moments(followed(PAID, orders(0, amount=said), LATE)).amounts == (100.0,)


@pytest.mark.parametrize("days", [range(4), range(5), range(30)])
def test_without_visits_enough_over_a_half_life_nothing_is_said(days: range) -> None:
    assert found(orders(*days), days[-1] + 200) is None


def test_visits_that_are_worth_nothing_are_no_average() -> None:
    nothing = orders(*range(60), amount=0)
    assert found(nothing, 200, PAID) is None
    assert kind.outlook(PAID, moments(followed(PAID, nothing, LATE)), LATE) < 1


def test_a_risk_ends_when_the_customer_comes_as_before_and_not_with_the_first_visit() -> None:
    gone = orders(*DAILY)
    assert over([*gone, *orders(100)], 101, last=59) is None
    assert over([*gone, *orders(*range(100, 130))], 130, last=59) is Reason.RECOVERED


def test_without_a_visit_since_a_risk_is_not_over() -> None:
    assert over(orders(*range(0, 60, 5), 60), 61, last=60) is None
    assert over([], 60, last=59) is None


def test_who_stays_away_is_given_up() -> None:
    gone = orders(*DAILY)
    assert over(gone, 59 + 364.9, last=59) is None
    assert over(gone, 59 + 365, last=59) is Reason.UNHEARD
    assert over([], 59 + 365, last=59) is Reason.UNHEARD
    assert found(gone, 59 + 364.9) is not None
    assert found(gone, 59 + 365) is None


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"recovers": 0.5}, "come and go with each visit"),
        ({"half_life": "200d"}, "more than half of the window"),
        ({"below": 1}, "less than 1"),
        ({"value": {"field": "data.amount", "typical": 0}}, "greater than 0"),
        ({"window": "731d"}, "between 1m and 730d"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(changes: dict[str, object], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        decline(**changes)
