"""A payment fails and is not made good: when that is a risk, and what ends it."""

import pytest
from pydantic import ValidationError

from services.monitor.risk import payment as kind
from services.monitor.risk.finding import Reason, Span
from services.monitor.rules.file import RulesFile
from services.monitor.rules.payment import PaymentRule
from shared.events import ProductEvent
from tests.unit.monitor.builders import START
from tests.unit.monitor.risk.building import DAY, followed, found, moments, payment, unpaid

RULE = unpaid()
FAILED = payment(0)
NOTED = Span(START, START)  # of the risk that was raised for FAILED
EVER = START + 90 * DAY


def over(*events: ProductEvent, at: float, risk: Span = NOTED) -> Reason | None:
    return kind.over(RULE, moments(followed(RULE, events, EVER)), risk, START + at)


def look_at(*events: ProductEvent, at: float, risk: Span | None = None) -> float:
    return kind.look_at(RULE, moments(followed(RULE, events, EVER)), risk, START + at) - START


def test_a_failure_is_a_risk_once_its_grace_is_over_and_not_before() -> None:
    assert found(RULE, [FAILED], at=3 * DAY - 0.1) is None
    assert (finding := found(RULE, [FAILED], at=3 * DAY)) is not None
    assert (finding.span, finding.score) == (NOTED, 0.5)
    assert finding.evidence == (
        "1 failed (com.example.payment) since 2026-11-24 12:00:00 UTC, the latest at 2026-11-24 12:00:00 UTC",
        "com.example.payment did not follow within 3d",
    )


def test_the_grace_counts_from_the_first_failure_whichever_comes_after() -> None:
    assert (finding := found(RULE, [FAILED, payment(2 * DAY)], at=3 * DAY, now=EVER)) is not None
    assert finding.span == Span(START, START + 2 * DAY)


def test_the_score_grows_until_the_time_has_passed_twice() -> None:
    scores = [finding.score for at in (3, 4.5, 6, 20) if (finding := found(RULE, [FAILED], at=at * DAY)) is not None]
    assert scores == [0.5, 0.75, 1.0, 1.0]


def test_a_payment_in_time_makes_all_good_whichever_comes_first() -> None:
    paid = payment(60, "paid")
    assert found(RULE, [FAILED, paid], at=4 * DAY) is None
    assert found(RULE, [paid, FAILED], at=4 * DAY) is None
    assert (finding := found(RULE, [paid, payment(120)], at=4 * DAY)) is not None
    assert finding.evidence[-1] == "the last one that went through was at 2026-11-24 12:01:00 UTC"


def test_a_risk_is_over_when_it_is_paid_or_nothing_failed_for_the_window() -> None:
    assert over(FAILED, at=4 * DAY) is None
    assert over(FAILED, payment(4 * DAY, "paid"), at=4 * DAY) is Reason.RECOVERED
    assert over(FAILED, at=30 * DAY - 0.1) is None
    assert over(FAILED, at=30 * DAY) is Reason.UNHEARD
    assert over(FAILED, payment(10 * DAY), at=39 * DAY) is None
    assert over(FAILED, payment(10 * DAY), at=40 * DAY) is Reason.UNHEARD


def test_a_late_payment_between_the_failures_breaks_the_risk_unless_the_later_ones_are_one() -> None:
    events = FAILED, payment(DAY, "paid"), payment(2 * DAY)
    noted = Span(START, START + 2 * DAY)
    assert over(*events, at=4 * DAY, risk=noted) is Reason.BROKEN
    assert over(*events, at=5 * DAY, risk=noted) is None


def test_it_is_looked_at_when_the_grace_or_the_window_ends() -> None:
    assert look_at(at=0) == float("inf")
    assert look_at(FAILED, at=0) == 3 * DAY
    assert look_at(FAILED, at=3 * DAY) == float("inf")
    assert look_at(FAILED, at=4 * DAY, risk=NOTED) == 30 * DAY
    assert look_at(FAILED, payment(2 * DAY), at=4 * DAY) == 5 * DAY  # the earlier one may have been settled by a person


def test_the_rule_names_what_was_paid_and_ends_after_it_begins() -> None:
    assert isinstance(RulesFile.model_validate({"rules": [RULE.model_dump(exclude_unset=True)]}).customers[0], PaymentRule)
    with pytest.raises(ValidationError, match="window is not longer than grace"):
        unpaid(window="3d")
    with pytest.raises(ValidationError, match="paid"):
        PaymentRule.model_validate(RULE.model_dump(exclude={"paid"}))
