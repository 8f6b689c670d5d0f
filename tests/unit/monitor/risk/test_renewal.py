"""A renewal that is near while use falls is a risk: from when to when, why it ends, and when it is looked at."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.monitor.risk.finding import Reason
from services.monitor.risk.life import Cleared, Raised, RiskRow
from services.monitor.risk.renewal import look_at, step
from services.monitor.rules.file import RulesFile
from services.monitor.rules.renewal import RenewalRule
from tests.builders import NOON
from tests.unit.monitor.risk.test_health import risk

RULE = RenewalRule(id="renews", title="x", detector="renewal", before=timedelta(days=30), falling=["uses", "quiet"])
DAY = date(2027, 1, 31)  # of the renewal
NEAR = DAY - timedelta(days=30)
USES = risk("uses", 0.5)


def raised(*others: RiskRow, renews_at: date | None = DAY, today: date = NEAR) -> Raised | None:
    decided = step(RULE, "c-1", others, renews_at, None, today)
    assert all(isinstance(each, Raised) for each in decided)
    return next((each for each in decided if isinstance(each, Raised)), None)


def opened(*others: RiskRow) -> RiskRow:
    found = raised(*others)
    assert found is not None
    return risk("renews", found.finding.score, id_=found.risk_id)


@pytest.mark.parametrize(
    ("today", "is_risk"),
    [(NEAR - timedelta(days=1), False), (NEAR, True), (DAY, True), (DAY + timedelta(days=1), False)],
)
def test_it_is_a_risk_from_so_long_before_until_the_day_itself(today: date, is_risk: bool) -> None:
    assert (raised(USES, today=today) is not None) is is_risk


def test_it_takes_falling_use_and_a_day() -> None:
    assert raised() is None
    assert raised(USES, renews_at=None) is None
    assert raised(replace(USES, cleared_at=NOON, reason="recovered")) is None
    assert raised(replace(USES, shadow=True)) is None
    assert raised(USES) is not None


def test_it_says_when_the_customer_renews_and_what_the_others_found() -> None:
    found = raised(USES, risk("quiet", 0.75, hours=2))
    assert found is not None
    assert (found.finding.contributions, found.finding.score) == ({"quiet": 0.75, "uses": 0.5}, 1.0)
    assert found.finding.evidence == ("renews on 2027-01-31, in 30 d", "quiet: quiet is bad", "uses: uses is bad")
    assert (found.finding.span.began, found.finding.span.last) == (NOON.timestamp(), NOON.timestamp() + 7200)


@pytest.mark.parametrize(
    ("others", "renews_at", "today", "reason"),
    [
        ([risk("uses", 0.5, reason="recovered")], DAY, NEAR, Reason.RECOVERED),
        ([risk("uses", 0.5, reason="unheard")], DAY, NEAR, Reason.UNHEARD),
        ([USES], DAY.replace(year=2028), DAY, Reason.RECOVERED),  # renewed
        ([USES], DAY, DAY + timedelta(days=1), Reason.UNHEARD),  # nobody has said whether
        ([USES], None, NEAR, Reason.BROKEN),
        ([USES], DAY, DAY, None),
    ],
)
def test_why_it_is_over(others: list[RiskRow], renews_at: date | None, today: date, reason: Reason | None) -> None:
    row = opened(USES)
    assert step(RULE, "c-1", others, renews_at, row, today) == ([] if reason is None else [Cleared(row.id, reason)])


def test_what_a_person_cleared_is_raised_again_for_other_risks_or_another_renewal() -> None:
    cleared = replace(opened(USES), cleared_at=NOON, reason="person", cleared_by="ada")
    assert step(RULE, "c-1", [USES], DAY, cleared, DAY) == []
    assert len(step(RULE, "c-1", [replace(USES, id="another")], DAY, cleared, DAY)) == 1
    assert len(step(RULE, "c-1", [USES], DAY + timedelta(days=1), cleared, DAY)) == 1


@pytest.mark.parametrize(
    ("renews_at", "today", "at"),
    [
        (DAY, NEAR - timedelta(days=2), NEAR),
        (DAY, NEAR, DAY + timedelta(days=1)),
        (DAY, DAY, DAY + timedelta(days=1)),
        (DAY, DAY + timedelta(days=1), None),
        (None, DAY, None),
        (date.max, DAY, date.max - timedelta(days=30)),
        (date.min, DAY, None),
    ],
)
def test_it_is_looked_at_when_the_day_comes_near_and_when_it_is_over(renews_at: date | None, today: date, at: date | None) -> None:
    assert look_at(RULE, renews_at, today) == (None if at is None else datetime(at.year, at.month, at.day, tzinfo=UTC))


DECLINE = {"id": "uses", "detector": "decline", "title": "x", "events": ["o"]}
RENEWAL = {"id": "renews", "detector": "renewal", "title": "x", "falling": ["uses"]}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"falling": ["uses", "renews"]}, "falling: no rule on single customers is called renews"),
        ({"falling": []}, "at least 1 item"),
        ({"before": "36h"}, "a number of days between 1d and 365d"),
        ({"before": "366d"}, "a number of days between 1d and 365d"),
    ],
)
def test_a_mistake_in_its_rule_is_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        RulesFile.model_validate({"rules": [DECLINE, RENEWAL | changes]})
    [rule] = RulesFile.model_validate({"rules": [DECLINE, RENEWAL]}).renewals
    assert (rule.before, rule.falling) == (timedelta(days=30), ["uses"])


def test_other_words_judge_the_same_and_another_time_does_not() -> None:
    assert RULE.model_copy(update={"title": "y"}).fingerprint == RULE.fingerprint
    other = RenewalRule.model_validate(RULE.model_dump() | {"before": timedelta(days=31)})
    assert other.fingerprint != RULE.fingerprint
