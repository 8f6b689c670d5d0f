"""A customer comes no more: how long a silence is too long for whom, and what ends it."""

from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from services.monitor.risk import silence as kind
from services.monitor.risk.finding import Finding, Reason, Span
from services.monitor.rules.silence import SilenceRule
from shared.events import ProductEvent
from tests.unit.monitor.builders import HORIZON, START
from tests.unit.monitor.risk.building import DAY, followed, happened, moments, silence

RULE = silence()
LATE = START + 400 * DAY  # the wall clock
MIDNIGHT = -DAY / 2  # of the first day of the story, which begins at noon: visits are told by days


def visits(*days: float) -> list[ProductEvent]:
    return [happened("login", day * DAY) for day in days]


def found(events: Sequence[ProductEvent], day: float, rule: SilenceRule = RULE) -> Finding | None:
    """Returns what is found when that day begins."""
    return kind.find(rule, moments(followed(rule, events, LATE)), START + MIDNIGHT + day * DAY)


def first_day(events: Sequence[ProductEvent], rule: SilenceRule = RULE) -> int:
    """Returns the first day on which the silence is too long."""
    return next(day for day in range(400) if found(events, day, rule) is not None)


def test_whoever_comes_often_is_missed_sooner_and_a_long_rhythm_is_surer_than_a_short_one() -> None:
    daily, weekly = visits(*range(15)), visits(*range(0, 15, 7))
    assert first_day(daily) < first_day(weekly)
    assert first_day(visits(0, 1, 2)) - 3 > first_day(daily) - 15  # from three visits less is known


def test_the_silence_is_too_long_exactly_when_its_chance_is_as_small_as_the_rule_says() -> None:
    events = visits(*range(0, 50, 5))  # 9 gaps of 5 days
    due = 45 + 1 + 45 * (0.02 ** (-1 / 9) - 1)  # the last visit lasts a day
    assert found(events, due - 0.01) is None
    assert (finding := found(events, due + 0.001)) is not None
    assert finding.score == pytest.approx(0.98, abs=1e-3)
    assert finding.evidence[0] == "10 visits between 2026-11-24 00:00:00 UTC and 2027-01-08 00:00:00 UTC, 5d apart on average"
    assert finding.evidence[1].endswith("has a chance of 2.0%")


def test_the_score_grows_with_the_silence() -> None:
    events = visits(*range(0, 50, 5))
    scores = [finding.score for day in (75, 90, 110) if (finding := found(events, day)) is not None]
    assert scores == sorted(scores)
    assert len(set(scores)) == 3


def test_many_events_of_a_day_are_one_visit() -> None:
    busy = [happened("login", day * DAY + second) for day in range(15) for second in range(50)]
    assert moments(followed(RULE, busy, LATE)) == moments(followed(RULE, visits(*range(15)), LATE))


def test_of_fewer_visits_than_the_rule_wants_nothing_is_said() -> None:
    assert found(visits(0, 1), 80) is None
    assert found(visits(*range(5)), 80, silence(visits=6)) is None


def test_a_customer_who_is_back_is_at_risk_no_more_and_one_who_stays_away_is_given_up() -> None:
    risk = Span(START + MIDNIGHT + 14 * DAY, START + MIDNIGHT + 14 * DAY)
    held = moments(followed(RULE, visits(*range(15)), LATE))
    back = moments(followed(RULE, [*visits(*range(15)), *visits(60)], LATE))
    assert kind.over(RULE, held, risk, risk.last + 89.9 * DAY) is None
    assert kind.over(RULE, held, risk, risk.last + 90 * DAY) is Reason.UNHEARD
    assert kind.over(RULE, back, risk, risk.last + 50 * DAY) is Reason.RECOVERED
    assert found(visits(*range(15)), 14 + 90) is None


def test_the_next_look_is_when_the_silence_is_too_long() -> None:
    held = moments(followed(RULE, visits(*range(15)), LATE))
    at = kind.look_at(RULE, held, None, START + 14 * DAY)
    assert kind.find(RULE, held, at - 1) is None
    assert kind.find(RULE, held, at) is not None
    assert kind.look_at(RULE, held, None, at) == float("inf")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"visit": "2d"}, "at most a day"),
        ({"remember": 4, "visits": 5}, "there would never be a rhythm"),
        ({"chance": 1}, "less than 1"),
        ({"visits": 2}, "greater than or equal to 3"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(changes: dict[str, object], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        silence(**changes)


def test_a_visit_that_is_later_than_the_horizon_does_not_count() -> None:
    partition = followed(RULE, [happened("login", HORIZON + 1, "c-2"), *visits(0)], LATE)
    assert moments(partition).troubles == ()
