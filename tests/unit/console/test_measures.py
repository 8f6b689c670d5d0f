"""Figures follow from counts: shares of nothing are unknown, and each is written by its unit."""

import re

import pytest

from services.console.measures.figures import Alarms, Reach, Telling, Work, of_incident, of_period
from services.console.measures.registry import MEASURES, Of, Unit, measures_of
from services.console.measures.words import in_words

NO_WORK = Work(tickets=0, resolved=0, reopened=0, human=None, automatic=None, resolution=None)
SOME_WORK = Work(tickets=9, resolved=4, reopened=1, human=(60.0, 600.0), automatic=(1.0, 2.0), resolution=(3600.0, 7200.0))
SILENT = Telling(most=None, spread=None)


def test_coverage_is_the_part_that_was_told_before_it_wrote() -> None:
    figures = of_incident(Reach(affected=7, told=5, told_first=4, wrote=3, lead_time=120.0), SILENT, NO_WORK)
    assert (figures["coverage"], figures["complaint_rate"], figures["lead_time_p50"]) == (4 / 7, 3 / 7, 120.0)


def test_an_incident_that_touched_nobody_has_no_shares_and_no_times() -> None:
    figures = of_incident(Reach(affected=0, told=0, told_first=0, wrote=0, lead_time=None), SILENT, NO_WORK)
    assert {name for name, figure in figures.items() if figure is not None} == {"affected", "told", "told_first", "wrote", "tickets"}


def test_what_tickets_waited_for_is_a_median_and_a_95th_percentile() -> None:
    figures = of_incident(Reach(1, 1, 1, 0, None), Telling(most=500, spread=(2.0, 9.0)), SOME_WORK)
    assert (figures["human_response_p50"], figures["human_response_p95"], figures["reopen_rate"]) == (60.0, 600.0, 1 / 4)
    assert (figures["told_per_second"], figures["telling_p50"], figures["telling_p95"]) == (500, 2.0, 9.0)


@pytest.mark.parametrize(("ended", "dismissed", "expected"), [(0, 0, None), (4, 0, 0.0), (4, 1, 0.25), (4, 4, 1.0)])
def test_false_alarms_are_a_share_of_what_has_ended(ended: int, dismissed: int, expected: float | None) -> None:
    figures = of_period(Alarms(incidents=9, ended=ended, dismissed=dismissed), Reach(0, 0, 0, 0, None), SILENT, NO_WORK)
    assert figures["false_alarms"] == expected


def test_figures_come_in_the_order_of_the_registry() -> None:
    reach = Reach(1, 1, 1, 0, None)
    assert list(of_period(Alarms(1, 0, 0), reach, SILENT, NO_WORK)) == [each.name for each in MEASURES]
    assert list(of_incident(reach, SILENT, NO_WORK)) == [each.name for each in measures_of(Of.BOTH)]


def test_each_measure_has_a_name_a_title_and_a_series_of_its_own() -> None:
    for names in ([each.name for each in MEASURES], [each.title for each in MEASURES], [each.series for each in MEASURES]):
        assert len(names) == len(set(names))
    assert all(re.fullmatch(r"forewarn_console_[a-z0-9_]+", each.series) for each in MEASURES)
    assert all(each.sentence.endswith(".") for each in MEASURES)


@pytest.mark.parametrize(
    ("figure", "unit", "expected"),
    [
        (None, Unit.SHARE, "–"),
        (0.9666, Unit.SHARE, "96.7 %"),
        (0, Unit.CUSTOMERS, "0"),
        (1234567, Unit.TICKETS, "1,234,567"),
        (500, Unit.RATE, "500"),
        (0.25, Unit.SECONDS, "0.2 s"),
        (59.9, Unit.SECONDS, "59.9 s"),
        (60, Unit.SECONDS, "1 min 0 s"),
        (3599, Unit.SECONDS, "59 min 59 s"),
        (3600, Unit.SECONDS, "1 h 0 min"),
        (86400 + 7200, Unit.SECONDS, "1 d 2 h"),
    ],
)
def test_a_figure_is_written_by_its_unit(figure: float | None, unit: Unit, expected: str) -> None:
    assert in_words(figure, unit) == expected
