"""What other rules find of a customer adds up, and is a risk of its own while enough of it is open."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.monitor.risk.finding import Reason
from services.monitor.risk.health import step
from services.monitor.risk.life import Cleared, Raised, RiskRow
from services.monitor.rules.file import RulesFile
from services.monitor.rules.health import HealthRule
from tests.builders import NOON

WEIGHTS = {"pays": 0.6, "uses": 0.4}
RULE = HealthRule(id="unwell", title="x", detector="health", weights=WEIGHTS, raise_at=0.5, clear_below=0.3)


def risk(rule: str, score: float, *, id_: str = "", reason: str | None = None, hours: int = 0) -> RiskRow:
    """Returns a risk of these hours after noon; with a reason it is cleared an hour later."""
    began = NOON + timedelta(hours=hours)
    cleared = None if reason is None else began + timedelta(hours=1)
    return RiskRow(id_ or rule, "c-1", rule, "v", "t", score, {}, [f"{rule} is bad"], None, began, began, began, cleared, reason, None, "")


@pytest.mark.parametrize(
    ("others", "score"),
    [
        ([risk("pays", 1.0)], 0.6),
        ([risk("pays", 0.5), risk("uses", 0.5)], 0.5),  # at the threshold
        ([risk("pays", 0.5), risk("uses", 0.45)], None),
        ([risk("pays", 1.0, reason="recovered"), risk("uses", 1.0)], None),  # what is over counts no more
        ([], None),
    ],
)
def test_open_risks_add_up_by_their_weights(others: list[RiskRow], score: float | None) -> None:
    decided = step(RULE, "c-1", others, None)
    assert [each.finding.score for each in decided if isinstance(each, Raised)] == ([] if score is None else [score])


def test_each_contribution_and_all_evidence_is_said() -> None:
    [raised] = step(RULE, "c-1", [risk("uses", 0.75, hours=2), risk("pays", 0.5)], None)
    assert isinstance(raised, Raised)
    assert raised.finding.contributions == {"pays": 0.3, "uses": 0.3}
    assert raised.finding.evidence == ("pays: pays is bad", "uses: uses is bad")
    assert (raised.finding.span.began, raised.finding.span.last) == (NOON.timestamp(), NOON.timestamp() + 7200)


def opened(*others: RiskRow) -> RiskRow:
    [raised] = step(RULE, "c-1", others, None)
    assert isinstance(raised, Raised)
    return risk("unwell", raised.finding.score, id_=raised.risk_id)


def test_it_is_cleared_below_its_own_threshold_for_the_reason_of_the_last_that_was() -> None:
    pays, uses = risk("pays", 1.0), risk("uses", 1.0)
    row = opened(pays, uses)
    assert step(RULE, "c-1", [pays, uses], row) == []
    over = risk("pays", 1.0, reason="unheard")
    assert step(RULE, "c-1", [over, uses], row) == []  # 0.4 is between both
    assert step(RULE, "c-1", [over, risk("uses", 0.7)], row) == [Cleared(row.id, Reason.UNHEARD)]
    later = risk("uses", 1.0, reason="recovered", hours=3)
    assert step(RULE, "c-1", [over, later], row) == [Cleared(row.id, Reason.RECOVERED)]
    assert step(RULE, "c-1", [risk("pays", 1.0, reason="a reason of a later version")], row) == [Cleared(row.id, Reason.RECOVERED)]


def test_what_a_person_cleared_is_raised_again_only_when_others_have_come() -> None:
    pays = risk("pays", 1.0)
    cleared = replace(opened(pays), cleared_at=NOON, reason="person", cleared_by="ada")
    assert step(RULE, "c-1", [pays], cleared) == []
    assert len(step(RULE, "c-1", [pays, risk("uses", 0.1)], cleared)) == 1
    assert len(step(RULE, "c-1", [replace(pays, id="another")], cleared)) == 1


STREAK = {"id": "pays", "detector": "streak", "title": "x", "events": ["p"], "bad": {"data.ok": False}}
HEALTH = {"id": "unwell", "detector": "health", "title": "x", "weights": {"pays": 0.6}}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"weights": {"pays": 0.6, "unwell": 0.1}}, "no rule on single customers is called unwell"),
        ({"weights": {}}, "at least 1 item"),
        ({"weights": {"pays": 0.4}}, "all weights together are less than raise_at"),
        ({"clear_below": 0.6}, "clear_below is above raise_at"),
    ],
)
def test_a_mistake_in_its_rule_is_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        RulesFile.model_validate({"rules": [STREAK, HEALTH | changes]})
    assert RulesFile.model_validate({"rules": [STREAK, HEALTH]}).health[0].weights == {"pays": 0.6}
