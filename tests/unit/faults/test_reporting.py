"""What a report prints and what the topics say are compared figure by figure."""

import pytest

from tests.faults.reporting import unlike


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
