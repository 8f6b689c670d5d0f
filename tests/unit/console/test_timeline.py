"""The time line puts alike things together, and keeps what monitor says apart."""

from datetime import UTC, datetime, timedelta

from services.console.frame import evidence
from services.console.pages.incident.timeline import Happened, timeline

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_customers_told_within_a_minute_of_each_other_are_one_entry() -> None:
    entries = timeline(Happened(at(second), "notifier", "opened", customers=10) for second in (0, 60, 121))
    assert [entry.words for entry in entries] == ["20 customers were told within 1 min", "10 customers were told"]


def test_what_monitor_says_of_the_incident_stays_by_itself() -> None:
    said = [Happened(at(second), "monitor", "incident.updated", detail={}) for second in (0, 1)]
    assert [entry.words for entry in timeline(said)] == ["Still failing", "Still failing"]


def test_one_customer_was_and_one_ticket_names_its_number() -> None:
    entries = timeline([Happened(at(0), "notifier", "opened", customers=1), Happened(at(1), "ticketing", "ticket.linked", ticket=7)])
    assert [(entry.words, entry.ticket) for entry in entries] == [("1 customer was told", None), ("1 ticket linked to it", 7)]


def test_the_course_is_of_what_opens_it_in_percent_with_its_threshold() -> None:
    course = evidence.course([(NOON, {"ratio": 0.3, "opens_at": {"ratio": 0.2}}), (at(60), None), (at(120), {"ratio": 0.1})])
    assert course is not None
    assert (course.unit, course.threshold, [value for _, value in course.points]) == ("%", 20.0, [30.0, 10.0])


def test_figures_of_an_unknown_detector_are_read_by_their_names() -> None:
    (figure,) = evidence.figures({"burn_rate": 14.5, "opens_at": {"burn_rate": 14.4}})
    assert (figure.name, figure.measured, figure.opens_at, figure.resolves_below) == ("burn rate", "14.5", "14.4", "–")
    assert evidence.course([(NOON, {"text": "none"})]) is None


def test_a_rule_without_a_share_says_its_own_thresholds_in_words() -> None:
    burn = {"opens_at": {"burn_rate_1h": 14.4, "events": 100, "customers": 2}}
    assert evidence.threshold_sentence(burn) == "it opens at burn rate 1h 14.4, 100 events and 2 customers"
    assert evidence.threshold_sentence({"opens_at": {"ratio": 0.2, "events": 50}}) == "it opens at 20 % and 50 events"
    assert evidence.threshold_sentence({"opens_at": {"unheard_seconds": 360.0}}) == "it opens at nothing heard for 6 min"
    assert evidence.threshold_sentence({"opens_at": {"words": "none"}}) == ""
