"""A customer fails again and again: what counts as a streak, and what ends it."""

import pytest
from pydantic import ValidationError

from services.monitor.risk import streak as kind
from services.monitor.risk.finding import Reason, Span
from services.monitor.rules.streak import StreakRule
from shared.events import ProductEvent
from tests.unit.monitor.builders import START
from tests.unit.monitor.risk.building import followed, found, happened, moments, payment, streak

RULE = streak()
NOTED = Span(START, START + 20)  # of a risk that was raised for failures at 0, 10 and 20 s


def over(*events: ProductEvent, at: float, rule: StreakRule = RULE) -> Reason | None:
    """Returns why the noted risk is over when these events have come."""
    return kind.over(rule, moments(followed(rule, events)), NOTED, START + at)


def failed(*ats: float) -> list[ProductEvent]:
    return [payment(at) for at in ats]


def test_the_number_of_failures_that_the_rule_names_is_a_risk_and_one_less_is_none() -> None:
    assert found(RULE, failed(0, 10), at=20) is None
    assert (finding := found(RULE, failed(0, 10, 20), at=20)) is not None
    assert (finding.span, finding.score) == (NOTED, 0.5)
    assert finding.evidence == ("3 failures in a row (com.example.payment) between 2026-11-24 12:00:00 UTC and 2026-11-24 12:00:20 UTC",)


def test_the_score_grows_with_the_failures_and_its_contributions_add_up_to_it() -> None:
    finding = found(RULE, [payment(0, "paid"), *failed(10, 20, 30, 40)], at=50)
    assert finding is not None
    assert finding.score == pytest.approx(sum(finding.contributions.values()), abs=1e-3)
    assert finding.contributions == {"failures in a row": 0.5, "more than the rule asks for": 0.1667}
    assert finding.evidence[-1] == "the last success was at 2026-11-24 12:00:00 UTC"


def test_of_very_many_failures_the_score_is_one_and_the_evidence_says_that_there_may_be_more() -> None:
    finding = found(RULE, failed(*range(20)), at=20)
    assert finding is not None
    assert finding.score == 1.0
    assert finding.evidence[0].startswith("at least 6 failures in a row")


def test_failures_that_are_further_apart_than_the_window_are_no_streak() -> None:
    assert found(RULE, failed(0, 10, 3600), at=3600, now=START + 4000) is not None
    assert found(RULE, failed(0, 10, 3601), at=3601, now=START + 4000) is None


def test_old_failures_are_no_news() -> None:
    assert found(RULE, failed(0, 10, 20), at=3619.9) is not None
    assert found(RULE, failed(0, 10, 20), at=3620) is None


def test_a_success_in_between_breaks_the_row() -> None:
    assert found(RULE, [*failed(0, 10), payment(15, "paid"), payment(20)], at=20) is None


def test_a_success_at_the_same_moment_as_a_failure_ends_it() -> None:
    assert found(RULE, [*failed(0, 10, 20), payment(20, "paid")], at=20) is None


def test_two_failures_at_the_same_moment_are_two() -> None:
    assert found(RULE, [payment(0, id_="a"), payment(0, id_="b"), payment(0, id_="c")], at=1) is not None


def test_without_a_condition_of_success_every_other_event_of_the_rule_is_one() -> None:
    between = payment(15, "pending")
    assert found(RULE, [*failed(0, 10), between, payment(20)], at=20) is None
    assert found(streak(good={"data.status": "paid"}), [*failed(0, 10), between, payment(20)], at=20) is not None


def test_events_that_the_rule_does_not_ask_for_change_nothing() -> None:
    cards = streak(where={"data.method": "card"})
    tries = [happened("payment", at, status="failed", method="card") for at in (0, 10, 20)]
    other = happened("payment", 15, status="paid", method="voucher")
    assert found(cards, [*tries, other], at=20) is not None
    assert found(cards, [*tries, happened("payment", 15, status="paid", method="card")], at=20) is None


def test_where_and_bad_may_name_the_same_field() -> None:
    settled = streak(where={"data.status": ["failed", "paid"]})
    assert found(settled, [*failed(0, 10), payment(15, "pending"), payment(20)], at=20) is not None
    assert found(settled, [*failed(0, 10), payment(15, "paid"), payment(20)], at=20) is None


def test_customers_are_apart_and_a_machine_is_none() -> None:
    events = [payment(0), payment(1, customer="c-2"), payment(2, customer=None), payment(3)]
    assert found(RULE, events, at=5) is None
    assert len(moments(followed(RULE, events)).troubles) == 2


def test_a_success_after_the_failures_clears_the_risk() -> None:
    assert over(*failed(0, 10, 20), at=30) is None
    assert over(*failed(0, 10, 20), payment(25, "paid"), at=30) is Reason.RECOVERED
    assert over(*failed(0, 10, 20, 40), payment(30, "paid"), at=50) is Reason.RECOVERED  # one more has failed since


def test_a_late_success_that_breaks_the_row_clears_the_risk_unless_enough_is_left_of_it() -> None:
    assert over(*failed(0, 10, 20), payment(5, "paid"), at=30) is Reason.BROKEN
    assert over(*failed(0, 10, 20, 30), payment(5, "paid"), at=30) is None


def test_a_risk_of_which_nothing_is_heard_is_cleared_after_the_window() -> None:
    assert over(*failed(0, 10, 20), at=3619.9) is None
    assert over(*failed(0, 10, 20), at=3620) is Reason.UNHEARD
    assert over(*failed(0, 10, 20, 100), at=3699.9) is None
    assert over(at=3620) is Reason.UNHEARD  # its events are forgotten by now


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"bad": {}}, "at least 1 item"),
        ({"failures": 0}, "greater than or equal to 1"),
        ({"window": "30s"}, "between 1m and 90d"),
        ({"action": {"kind": "article"}}, "an article has a url"),
        ({"action": {"kind": "help", "name": "x"}}, "a webhook has a name"),
        ({"action": {"kind": "webhook"}}, "a webhook has a name"),
        ({"action": {"kind": "article", "url": "javascript:alert(1)"}}, "should match pattern"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(changes: dict[str, object], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        streak(**changes)


def test_the_fingerprint_is_of_what_decides_and_not_of_words() -> None:
    assert RULE.fingerprint == streak(title="Cannot pay", action=None).fingerprint
    others = [streak(failures=4), streak(window="2h"), streak(where={"data.method": "card"}), streak(good={"data.status": "paid"})]
    assert len({RULE.fingerprint, *(other.fingerprint for other in others)}) == 5
