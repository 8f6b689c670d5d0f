"""The chance that a customer does not come for a time, against the models it stands for."""

import math

import pytest

from services.monitor.aggregates.moments import Moments
from services.monitor.risk import decline as by_decline
from services.monitor.risk import silence as by_silence
from services.monitor.risk.visits import LEAVES, PACE, RATE, STAYS, WEEK, Visits, bg_nbd, discounted, visits_of
from tests.unit.monitor.builders import START
from tests.unit.monitor.risk.building import DAY, decline, followed, happened, moments, silence

STEPS = 400


def weeks(*ats: float) -> Visits:
    return Visits([at * WEEK for at in ats], [1.0] * len(ats))


def integrated(repeats: int, last: float, now: float, ahead: float) -> float:
    """Returns the same chance from the likelihoods of section 3 of the paper, summed over rates and chances to leave. In weeks."""
    none = whole = 0.0
    for share in ((step + 0.5) / STEPS for step in range(STEPS)):
        leaves = share**3  # finer near 0, where the density has its pole
        prior = leaves ** (LEAVES - 1) * (1 - leaves) ** (STAYS - 1) * share**2
        for rate in ((step + 0.5) * 3.0 / STEPS for step in range(STEPS)):
            rates = rate ** (RATE - 1 + repeats) * math.exp(-rate * PACE / WEEK)
            stays = (1 - leaves) ** repeats * math.exp(-rate * now)
            left = leaves * (1 - leaves) ** (repeats - 1) * math.exp(-rate * last)
            whole += prior * rates * (stays + left)
            none += prior * rates * (stays * math.exp(-rate * ahead) + left)
    return none / whole


@pytest.mark.parametrize(("ats", "now"), [((0, 10, 30.43), 38.86), ((0, 1, 2, 3), 30), ((0, 20), 21)])
def test_the_chance_is_that_of_the_paper_integrated_over_all_rates(ats: tuple[float, ...], now: float) -> None:
    expected = integrated(len(ats) - 1, ats[-1], now, 13)
    assert bg_nbd(weeks(*ats), now * WEEK, 13 * WEEK) == pytest.approx(expected, abs=0.005)


def test_after_one_visit_nobody_has_left_yet() -> None:
    assert bg_nbd(weeks(0), 10 * WEEK, 13 * WEEK) == pytest.approx(((4.414 + 10) / (4.414 + 23)) ** 0.243)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (weeks(0, 5, 10), weeks(0, 5, 20)),
        (weeks(0, 5, 40), weeks(0, 5, 10, 30, 40, 49)),
        (weeks(0, 5), Visits([0, 5 * WEEK], [2.0, 2.0])),
    ],
)
def test_whoever_came_later_or_more_often_of_late_or_for_more_is_likelier_to_come(less: Visits, more: Visits) -> None:
    now, ahead = 50 * WEEK, 13 * WEEK
    assert 0 < bg_nbd(more, now, ahead) < bg_nbd(less, now, ahead) < 1
    assert 0 < discounted(more, now, ahead, 26 * WEEK) < discounted(less, now, ahead, 26 * WEEK) < 1


def test_by_bg_nbd_whoever_came_often_and_stopped_has_left_sooner_than_whoever_came_seldom() -> None:
    often, seldom = weeks(*range(20)), weeks(0, 19)
    assert bg_nbd(often, 50 * WEEK, 13 * WEEK) > bg_nbd(seldom, 50 * WEEK, 13 * WEEK)


def test_what_is_known_halves_with_each_half_life() -> None:
    assert weeks(0, 1).recent(WEEK, WEEK) == pytest.approx(1.5)
    assert weeks(0, 1).recent(2 * WEEK, WEEK) == pytest.approx(0.75)


def test_of_whom_nothing_is_remembered_nothing_is_expected() -> None:
    assert by_silence.outlook(silence(), Moments(), START) == 1.0
    assert by_decline.outlook(decline(), Moments(), START) == 1.0


@pytest.mark.parametrize("now", [0.0, START, START + 10_000 * 365 * DAY])
def test_a_chance_can_be_asked_for_at_any_moment(now: float) -> None:
    held = moments(followed(silence(), [happened("login", day * DAY) for day in range(100)], START + 200 * DAY))
    assert 0 <= by_silence.outlook(silence(), held, now) <= 1
    assert 0 <= by_decline.outlook(decline(), held, now) <= 1


def test_only_visits_within_the_window_before_the_last_count() -> None:
    rule = decline(window="60d", value={"field": "data.amount", "typical": 99})
    events = [happened("order", day * DAY, amount=99 if day == 100 else 0) for day in (0, 40, 100)]
    visits = visits_of(rule, moments(followed(rule, events, START + 200 * DAY)))
    assert len(visits.ats) == 1
    assert visits.weights == [1.0]
