"""What monitor found with a draft is shown rule by rule and as bars of time, whichever version of it answers."""

import pytest

from services.console.frame.spans import LEFT, LINE, MOST, WIDTH, spans
from services.console.pages.rules.trial import moment, trial_of

OUTCOME = {
    "by_rule": [
        {"rule": "failing", "incidents": 2, "customers": 12, "messages": 24, "precision": 0.5, "missed": 3,
         "today": {"incidents": 1, "customers": 5, "messages": 10}},
    ],
    "history": {"begins_at": "2026-11-24T12:00:00+00:00", "ends_at": "2026-11-24T13:00:00+00:00", "events": {"read": 1800}},
    "incidents": [{"rule": "failing", "started_at": "2026-11-24T12:30:00+00:00", "ended_at": None}],
    "today": {"incidents": [{"rule": "<b>", "started_at": "2026-11-24T12:00:00+00:00", "ended_at": "2026-11-24T12:15:00+00:00"}]},
    "difference": {"both": 1, "only_today": 0, "only_tried": 1},
    "tickets": {"tickets": 4, "precision": 0.5},
    "risks": [{"rule": "declined", "raised": 3, "customers": 2, "open": 1}],
    "candidates": [{"rule": "complaints", "found": 2, "merged": 1, "withdrawn": 1}],
}  # fmt: skip


def test_each_rule_stands_beside_what_is_in_force() -> None:
    trial = trial_of(OUTCOME)
    [row] = trial.rows
    assert (row.tried["messages"], row.today, row.precision, row.missed) == (24, OUTCOME["by_rule"][0]["today"], 0.5, 3)  # type: ignore[index]
    [risks], [candidates] = trial.risks, trial.candidates
    assert (candidates["tried"]["found"], candidates["today"]) == (2, {})
    assert (trial.history["read"], risks["rule"], risks["tried"]["raised"], risks["today"]) == (1800, "declined", 3, {})


def test_incidents_are_bars_and_one_that_is_open_lasts_until_the_end() -> None:
    picture = trial_of(OUTCOME).picture
    middle = LEFT + (WIDTH - LEFT) / 2
    assert f'x="{middle:.1f}" width="{(WIDTH - LEFT) / 2:.1f}" y="{LINE + 4}"' in picture
    assert f'x="{LEFT:.1f}" width="{(WIDTH - LEFT) / 4:.1f}" y="14"' in picture, "what is in force stands below"
    assert "&lt;b&gt;: draft 0, in force 1; failing: draft 1, in force 0" in picture
    assert "<b>" not in picture
    assert "style=" not in picture


@pytest.mark.parametrize("outcome", [{}, {"history": {}, "by_rule": None, "today": None}, OUTCOME | {"incidents": [], "today": None}])
def test_what_is_not_said_is_not_shown(outcome: dict[str, object]) -> None:
    assert trial_of(outcome).picture == ""


def test_more_lines_than_can_be_told_apart_are_left_out() -> None:
    begins, ends = moment("2026-11-24T12:00:00+00:00"), moment("2026-11-24T13:00:00+00:00")
    assert begins is not None
    assert ends is not None
    picture = spans({f"rule {number}": {"draft": [(begins, ends)]} for number in range(MOST + 5)}, (begins, ends), "When")
    assert picture.count("<rect") == MOST
