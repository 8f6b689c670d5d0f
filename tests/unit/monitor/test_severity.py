"""An incident gets worse with the number and the tier of the customers it touches, as its rule says, and never better."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.monitor.incidents.severity import risen, worse
from tests.unit.monitor.builders import rule

STEPS = {"high": {"customers": 100}, "critical": {"customers": 5, "tier": "enterprise"}}


@pytest.mark.parametrize(
    ("severity", "touched", "of_tiers", "becomes"),
    [
        ("medium", 99, {}, "medium"),
        ("medium", 100, {}, "high"),
        ("medium", 5, {"enterprise": 4}, "medium"),
        ("medium", 5, {"enterprise": 5}, "critical"),
        ("medium", 500, {"enterprise": 5}, "critical"),
        ("medium", 500, {"gold": 500}, "high"),
        ("critical", 100, {}, "critical"),  # never better
    ],
)
def test_severity_rises_when_so_many_are_touched(severity: str, touched: int, of_tiers: dict[str, int], becomes: str) -> None:
    assert risen(rule(severity="medium", escalate=STEPS), severity, touched, of_tiers) == becomes


def test_the_worse_of_two_is_the_later_in_the_list_and_a_word_of_a_later_version_is_kept() -> None:
    assert (worse("low", "high"), worse("critical", "medium"), worse("catastrophic", "critical")) == ("high", "critical", "catastrophic")


def test_a_rule_that_does_not_say_it_has_the_version_of_before() -> None:
    assert rule().version == rule(escalate={}).version != rule(escalate=STEPS).version


@pytest.mark.parametrize(
    "steps", [{"dreadful": {"customers": 1}}, {"high": {}}, {"high": {"customers": 0}}, {"high": {"customers": 1, "tier": ""}}]
)
def test_a_step_needs_a_severity_and_a_number(steps: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(escalate=steps)
