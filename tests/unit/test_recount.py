"""The recount takes facts as they stand on the topics, in any order of topics, as often as they come."""

from datetime import datetime, timedelta

import pytest

from shared.events import CustomerErased, Fact
from shared.events.tickets import TicketOpened, TicketState
from tests.recount import percentile, recount
from tests.unit.ticketing.builders import NOW, impact, minutes, opened, resolved, told

DAY = timedelta(days=1)


def ticket(number: int, customer: str, at: datetime = NOW, **given: object) -> list[Fact]:
    """Returns the facts of a ticket that is linked to i-1, if nothing else is given."""
    stands = {"status": "open", "channel": "form", "subject": "", "component": None, "priority": "normal", "assignee": None}
    state = TicketState.model_validate({**stands, "incident_id": "i-1", "opened_at": at, "due_at": at, **given})
    said = {"ticket_id": f"t-{number}", "number": number, "customer_id": customer, "state": state}
    about = {"channel": "form", "subject": "", "component": None, "priority": "normal", "opened_at": at}
    return [TicketOpened.of(TicketOpened.Data.model_validate(said | about), subject=f"t-{number}", at=at)]


def test_who_was_told_before_writing_or_never_wrote_was_told_first() -> None:
    facts = [opened(), impact("c-1", "c-2", "c-3", "c-4"), told("c-1", NOW), told("c-2", NOW), told("c-3", NOW + minutes(3))]
    facts += [*ticket(1, "c-1", NOW + minutes(2)), *ticket(2, "c-1", NOW + minutes(1)), *ticket(3, "c-3", NOW + minutes(2))]
    figures = recount([*facts, *facts]).of_incident("i-1")
    assert (figures["affected"], figures["told"], figures["told_first"], figures["wrote"]) == (4, 3, 2, 2)
    assert (figures["coverage"], figures["complaint_rate"], figures["lead_time_p50"]) == (0.5, 0.5, 60.0)
    assert figures["told_per_second"] == 2


def test_a_ticket_that_is_linked_no_more_counts_no_more() -> None:
    facts = [opened(), impact("c-1"), *ticket(1, "c-1"), *ticket(1, "c-1", incident_id=None)]
    assert recount(facts).of_incident("i-1")["wrote"] == 0


def test_the_erased_count_nowhere_and_who_comes_back_later_does() -> None:
    gone = CustomerErased.of(CustomerErased.Data(), subject="c-1", at=NOW + DAY)
    facts = [opened(), impact("c-1", "c-2"), told("c-1", NOW), *ticket(1, "c-1"), gone]
    figures = recount(facts).of_incident("i-1")
    assert (figures["affected"], figures["told"], figures["wrote"], figures["tickets"]) == (1, 0, 0, 0)
    assert recount([gone, opened(), impact("c-1", at=NOW + 2 * DAY)]).of_incident("i-1")["affected"] == 1


def test_an_incident_is_what_its_highest_revision_says() -> None:
    over = recount([opened(), resolved(revision=2), resolved(revision=1)]).of_period(NOW - DAY, NOW + DAY)
    assert (over["incidents"], over["ended"], over["dismissed"]) == (1, 1, 0)


@pytest.mark.parametrize(("part", "expected"), [(0.5, 2.5), (0.95, 3.85), (0.0, 1.0), (1.0, 4.0)])
def test_a_percentile_is_interpolated(part: float, expected: float) -> None:
    assert percentile([4, 1, 3, 2], part) == pytest.approx(expected)
    assert percentile([], part) is None
