"""Whether a ticket is about an incident, at every boundary."""

from datetime import timedelta

import pytest

from services.ticketing.matching import Windows, match
from tests.unit.ticketing.builders import NOW, STARTED, a_ticket, an_incident, evidence, minutes

WINDOWS = Windows(before=minutes(5), after=minutes(30))
SECOND = timedelta(seconds=1)


def test_without_evidence_no_ticket_is_about_any_incident() -> None:
    assert match(a_ticket(), [], WINDOWS) is None


@pytest.mark.parametrize(
    ("component", "fits"), [(None, True), ("checkout", True), ("Checkout", True), ("search", False), ("checkout-2", False)]
)
def test_it_names_the_same_component_or_none(component: str | None, fits: bool) -> None:
    assert (match(a_ticket(component=component), [(an_incident(), evidence())], WINDOWS) is not None) is fits


@pytest.mark.parametrize(
    ("before", "fits"), [(minutes(5), True), (minutes(5) + SECOND, False), (timedelta(), True), (-timedelta(days=300), True)]
)
def test_it_was_written_since_shortly_before_the_start_and_at_any_time_while_it_goes_on(before: timedelta, fits: bool) -> None:
    ticket = a_ticket(opened_at=STARTED - before)
    assert (match(ticket, [(an_incident(), evidence())], WINDOWS) is not None) is fits


@pytest.mark.parametrize(("after", "fits"), [(-SECOND, True), (minutes(30), True), (minutes(30) + SECOND, False)])
def test_it_was_written_until_shortly_after_the_end(after: timedelta, fits: bool) -> None:
    incident = an_incident(resolved_at=NOW)
    assert (match(a_ticket(opened_at=NOW + after), [(incident, evidence())], WINDOWS) is not None) is fits


def test_of_several_the_one_that_goes_on_then_the_named_then_the_confirmed_then_the_latest_is_meant() -> None:
    ticket = a_ticket(component=None)
    over = an_incident(id="over", resolved_at=NOW - SECOND, started_at=NOW - minutes(1))
    likely = an_incident(id="likely", component="search", started_at=NOW - minutes(1))
    first = an_incident(id="first", started_at=NOW - minutes(3))
    latest = an_incident(id="latest", started_at=NOW - minutes(2))
    candidates = [(over, evidence()), (likely, evidence(certainty="likely")), (first, evidence()), (latest, evidence())]
    order = []
    while found := match(ticket, candidates, WINDOWS):
        order.append(found.incident.id)
        candidates = [each for each in candidates if each[0].id != found.incident.id]
    assert order == ["latest", "first", "likely", "over"]


@pytest.mark.parametrize(
    ("but", "reasons"),
    [
        (
            {"ticket": {}, "incident": {}, "evidence": {"count": 1}},
            (
                "The customer ran into it once, from 09:58:00 to 10:00:00 UTC.",
                "The ticket names no component; the incident is about checkout.",
                "It was written 3 min after the incident began.",
            ),
        ),
        (
            {"ticket": {"component": "checkout", "opened_at": STARTED - SECOND}, "incident": {}, "evidence": {"certainty": "likely"}},
            (
                "The customer is likely to be affected by the incident.",
                "The ticket is about checkout, and so is the incident.",
                "It was written 1 s before the incident was seen to begin.",
            ),
        ),
        (
            {"ticket": {}, "incident": {"resolved_at": NOW - minutes(2)}, "evidence": {}},
            (
                "The customer ran into it 3 times, from 09:58:00 to 10:00:00 UTC.",
                "The ticket names no component; the incident is about checkout.",
                "It was written 2 min after the incident was over.",
            ),
        ),
    ],
)
def test_the_reasons_say_who_where_and_when(but: dict[str, dict[str, object]], reasons: tuple[str, ...]) -> None:
    found = match(a_ticket(**but["ticket"]), [(an_incident(**but["incident"]), evidence(**but["evidence"]))], WINDOWS)
    assert found is not None
    assert found.reasons == reasons
