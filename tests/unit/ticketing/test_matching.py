"""A ticket of an affected customer is linked, has suggestions or is left alone, at every boundary."""

from datetime import timedelta
from typing import Any

import pytest

from services.ticketing.incident import End, Ending, Evidence, Incident
from services.ticketing.matching.match import Matched, Windows, match
from services.ticketing.ticket import Ticket
from tests.unit.ticketing.builders import CONFIGURATION, NOW, STARTED, a_ticket, an_incident, evidence, minutes

WINDOWS = Windows(before=minutes(5), after=minutes(30))
SECOND = timedelta(seconds=1)


def matched(ticket: Ticket, *candidates: tuple[Incident, Evidence], body: str = "The checkout hangs.") -> Matched:
    return match(ticket, body, candidates, WINDOWS, CONFIGURATION.catalog)


def linked(ticket: Ticket, *candidates: tuple[Incident, Evidence], body: str = "The checkout hangs.") -> str | None:
    found = matched(ticket, *candidates, body=body).link
    return found.incident.id if found else None


def test_without_evidence_no_ticket_is_about_any_incident() -> None:
    assert matched(a_ticket()) == Matched()


@pytest.mark.parametrize(
    ("component", "fits"), [(None, True), ("checkout", True), ("Checkout", True), ("search", False), ("checkout-2", False)]
)
def test_a_component_the_customer_names_decides_whatever_the_words_are(component: str | None, fits: bool) -> None:
    assert (linked(a_ticket(component=component), (an_incident(), evidence())) is not None) is fits


def test_who_names_the_component_needs_no_words_of_trouble() -> None:
    assert linked(a_ticket(component="checkout", subject=""), (an_incident(), evidence()), body="Hello?") == "i-1"


def test_another_component_than_the_incidents_is_a_suggestion_however_its_words_sound() -> None:
    [suggestion] = matched(a_ticket(component="search"), (an_incident(), evidence())).suggestions
    assert (suggestion.score, suggestion.reasons[1]) == (0.0, "The ticket is about search; the incident is about checkout.")


@pytest.mark.parametrize("how", [Ending.WITHDRAWN, Ending.DISMISSED])
def test_no_ticket_is_about_an_incident_that_was_withdrawn_or_dismissed(how: Ending) -> None:
    assert matched(a_ticket(component="checkout"), (an_incident(end=End(how, NOW, 1)), evidence())) == Matched()


def test_the_subject_of_a_reply_is_not_the_customers_words() -> None:
    asks = a_ticket(subject="Re: Checkout is failing")
    assert linked(asks, (an_incident(), evidence()), body="When does my parcel come?\n> The checkout is failing.") is None


@pytest.mark.parametrize(
    ("before", "fits"), [(minutes(5), True), (minutes(5) + SECOND, False), (timedelta(), True), (-timedelta(days=300), True)]
)
def test_it_was_written_since_shortly_before_the_start_and_at_any_time_while_it_goes_on(before: timedelta, fits: bool) -> None:
    ticket = a_ticket(opened_at=STARTED - before)
    assert (matched(ticket, (an_incident(), evidence())) != Matched()) is fits


@pytest.mark.parametrize(("after", "fits"), [(-SECOND, True), (minutes(30), True), (minutes(30) + SECOND, False)])
def test_it_was_written_until_shortly_after_the_end(after: timedelta, fits: bool) -> None:
    incident = an_incident(resolved_at=NOW)
    assert (matched(a_ticket(opened_at=NOW + after), (incident, evidence())) != Matched()) is fits


def test_of_several_the_one_that_goes_on_then_the_likeliest_then_the_confirmed_then_the_latest_is_meant() -> None:
    ticket = a_ticket(component=None)
    over = an_incident(id="over", resolved_at=NOW - SECOND, started_at=NOW - minutes(1))
    likely = an_incident(id="likely", started_at=NOW - minutes(1))
    first = an_incident(id="first", started_at=NOW - minutes(3))
    latest = an_incident(id="latest", started_at=NOW - minutes(2))
    unnamed = an_incident(id="unnamed", component="search", started_at=NOW - minutes(1))
    candidates = [
        (over, evidence()),
        (likely, evidence(certainty="likely")),
        (first, evidence()),
        (latest, evidence()),
        (unnamed, evidence()),
    ]
    order = []
    while found := linked(ticket, *candidates):
        order.append(found)
        candidates = [each for each in candidates if each[0].id != found]
    assert order == ["latest", "first", "likely", "over"]


def test_what_is_not_sure_is_suggested_the_likeliest_first() -> None:
    candidates = [(an_incident(id="search", component="search"), evidence()), (an_incident(), evidence())]
    found = matched(a_ticket(subject="A question"), *candidates, body="Does the checkout take cards?")
    assert found.link is None
    assert [each.incident.id for each in found.suggestions] == ["i-1", "search"]
    assert found.suggestions[0].score > found.suggestions[1].score > 0


@pytest.mark.parametrize(
    ("but", "reasons"),
    [
        (
            {"ticket": {}, "incident": {}, "evidence": {"count": 1}},
            (
                "The customer ran into it once, from 09:58:00 to 10:00:00 UTC.",
                'It speaks of trouble with Checkout: "Cannot pay".',
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
                'It speaks of trouble with Checkout: "Cannot pay".',
                "It was written 2 min after the incident was over.",
            ),
        ),
    ],
)
def test_the_reasons_say_who_where_and_when(but: dict[str, dict[str, Any]], reasons: tuple[str, ...]) -> None:
    found = matched(a_ticket(**but["ticket"]), (an_incident(**but["incident"]), evidence(**but["evidence"]))).link
    assert found is not None
    assert found.reasons == reasons
