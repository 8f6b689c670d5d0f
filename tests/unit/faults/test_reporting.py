"""What a report prints and what the console holds are compared with the topics figure by figure and row by row."""

import pytest

from tests.faults.reporting import unlike, unlike_rows


@pytest.mark.parametrize("counted", [{"told": 3, "coverage": 0.5}, {"told": 3, "coverage": 0.5 * (1 + 9e-7)}])
def test_figures_that_are_the_same_up_to_a_millionth_do_not_differ(counted: dict[str, float]) -> None:
    assert list(unlike("i-1", {"incident_id": "i-1", "since": "", "until": "", "told": 3, "coverage": 0.5}, dict(counted))) == []


@pytest.mark.parametrize(
    ("printed", "counted"),
    [
        ({"told": 3}, {"told": 4}),
        ({"coverage": 0.5}, {"coverage": 0.5 * (1 + 2e-6)}),
        ({"coverage": 0.5}, {"coverage": None}),
        ({"coverage": None}, {"coverage": 0.0}),
        ({"told": 3}, {}),
        ({}, {"told": None}),
    ],
)
def test_another_figure_or_one_that_only_one_of_both_has_is_a_sentence(printed: dict[str, object], counted: dict[str, float]) -> None:
    [sentence] = unlike("i-1", printed, dict(counted))
    assert sentence.startswith("i-1: `forewarn report` says ")


@pytest.mark.parametrize(
    ("held", "how"),
    [([], "lacks"), ([("i-1", "c-1"), ("i-1", "c-2")], "has beside them"), ([("i-1", "c-1"), ("i-1", "c-1")], "has twice")],
)
def test_a_row_that_is_lost_that_nobody_said_or_that_is_there_twice_is_a_sentence(held: list[tuple[object, ...]], how: str) -> None:
    assert [sentence.split(", ")[0] for sentence in unlike_rows("told", held, {("i-1", "c-1")})] == [f"told: the console {how} 1 rows"]


def test_the_same_rows_in_any_order_do_not_differ() -> None:
    assert list(unlike_rows("told", [("i-1", "c-2"), ("i-1", "c-1")], {("i-1", "c-1"), ("i-1", "c-2")})) == []
