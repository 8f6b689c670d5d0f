"""Why an incident touches a customer, or why not: each answer from what is remembered, and where nothing is, that it is not known."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.monitor.aggregates.counts import Counting
from services.monitor.incidents.life import IncidentRow
from services.monitor.incidents.whom import Because, Impact, Known, Streak, why
from tests.builders import NOON

COUNTING = Counting(frozenset({"request"}), {}, "data.component", frozenset(), {"data.ok": False}, window=60.0, at_least=3)
HORIZON = timedelta(minutes=10)
START = NOON.timestamp()
OPEN = IncidentRow(
    "i-1", "failing", "checkout", "high", "failing", "", "open", NOON, NOON, 0, 1, 0.0, None, None, None, None, "", {"ratio": 0.5}
)
OVER = replace(OPEN, status="resolved", ended_at=NOON + timedelta(minutes=5))
CONFIRMED = Impact("confirmed", NOON, NOON, 3, None, "", None)
LATER = NOON + timedelta(minutes=16)


def streak(first: float = 0, last: float = 0, count: int = 3, component: str = "checkout") -> Streak:
    """Returns a streak from so many seconds after the start to so many."""
    return Streak(COUNTING, component, START + first, START + last, count)


def known(*streaks: Streak, impact: Impact | None = None, erased: bool = False, rule: bool = True) -> Known:
    return Known(impact, NOON if erased else None, [COUNTING] if rule else [], streaks, HORIZON)


@pytest.mark.parametrize(
    ("incident", "remembered", "touched", "because"),
    [
        (OPEN, known(impact=CONFIRMED), True, Because.CONFIRMED),
        (OPEN, known(impact=replace(CONFIRMED, certainty="likely")), True, Because.LIKELY),
        (OPEN, known(impact=replace(CONFIRMED, said_by="lea")), True, Because.ADDED),
        (OPEN, known(impact=replace(CONFIRMED, said_by="lea", taken_out_at=NOON)), False, Because.REMOVED),
        (OPEN, known(impact=CONFIRMED, erased=True), True, Because.CONFIRMED),  # touched anew since they were erased
        (OPEN, known(erased=True), None, Because.ERASED),
        (OPEN, known(streak(), rule=False), None, Because.UNKNOWN),
        (OPEN, known(streak(count=2)), False, Because.BELOW),
        (OPEN, known(streak(count=3)), None, Because.SOON),
        (OPEN, known(streak(first=-200, last=-61)), False, Because.OUTSIDE),
        (OPEN, known(streak(first=-200, last=-60)), None, Because.SOON),
        (OVER, known(streak(first=301, last=310)), False, Because.OUTSIDE),
        (OVER, known(streak(first=300, last=310)), None, Because.UNKNOWN),
        (OPEN, known(streak(component="search")), False, Because.ELSEWHERE),
        (OPEN, known(streak(component="search"), streak(count=1)), False, Because.BELOW),
        (OPEN, known(), False, Because.NONE),
        (OVER, known(), False, Because.NONE),
    ],
)
def test_every_answer_has_its_reason(incident: IncidentRow, remembered: Known, touched: bool | None, because: Because) -> None:
    answer = why(incident, remembered, LATER)
    assert (answer.touched, answer.because) == (touched, because)
    assert answer.words.endswith(".")


def test_what_is_forgotten_is_not_known_and_never_denied() -> None:
    assert why(OVER, known(), LATER + timedelta(seconds=1)).because == Because.UNKNOWN
    assert why(OVER, known(streak(component="search")), LATER + timedelta(seconds=1)).touched is None
