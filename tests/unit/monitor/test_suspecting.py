"""Complaints of a history make candidates, by what is known of tickets at each moment."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from services.monitor.incidents.complaints import KEPT, Complaints, Kept
from services.monitor.incidents.suspecting import Suspected, Suspecting
from services.monitor.rules.surge import SurgeRule
from shared.events import CustomerErased, Fact, TicketLinked, TicketOpened
from tests.builders import NOON

RULE = SurgeRule.model_validate(
    {"id": "complaints", "title": "{component}", "detector": "surge", "usual": 0.01, "open": {"customers": 3, "chance": 0.01}}
)
START, HOUR = NOON.timestamp(), 3600.0


def ticket(number: int, minutes: float = 0.0, **more: object) -> TicketOpened:
    at = NOON + timedelta(minutes=minutes)
    said = {"component": "checkout", "customer_id": f"c-{number}", "risk": None} | more
    told = {"ticket_id": f"t-{number}", "number": number, "channel": "form", "subject": "s", "priority": "normal", "opened_at": at}
    return TicketOpened.of(TicketOpened.Data.model_validate(told | said), subject=f"t-{number}", at=at)


def link(number: int, incident: str = "i-1") -> TicketLinked:
    data = TicketLinked.Data(ticket_id=f"t-{number}", number=number, customer_id="c", incident_id=incident, reasons=())
    return TicketLinked.of(data, subject=data.ticket_id, at=NOON)


def erased(number: int, minutes: float) -> CustomerErased:
    return CustomerErased.of(CustomerErased.Data(), subject=f"c-{number}", at=NOON + timedelta(minutes=minutes))


def found(facts: Sequence[Fact], *, known: bool = False, minutes: float = 10) -> list[Suspected]:
    suspecting = Suspecting({RULE.id: RULE})
    suspecting.hear(facts, START + minutes * 60, lambda _: known)
    return list(suspecting.found.values())


THREE = [ticket(1), ticket(2, 1), ticket(3, 2)]


def test_as_many_as_the_rule_asks_for_make_one_however_often_they_are_said() -> None:
    [one] = found([*THREE, *THREE])
    assert (one.started_at, one.last_at, one.found_at, one.customers) == (START, START + 120, START + 600, 3)


@pytest.mark.parametrize(
    "facts",
    [
        THREE[:2],
        [*THREE[:2], ticket(4, 2, customer_id="c-1")],  # the same customer twice
        [*THREE[:2], ticket(4, 2, component=None)],
        [*THREE[:2], ticket(4, 2, component="search")],
        [*THREE[:2], ticket(4, 2, risk={"risk_id": "r", "rule": "r", "score": 1.0})],  # a case that nobody asked for
        [*THREE, link(2)],
        [*THREE, erased(2, 5)],
        [erased(2, 5), *THREE],
    ],
)
def test_what_does_not_count_makes_none(facts: Sequence[Fact]) -> None:
    assert found(facts) == []


def test_of_who_was_erased_later_complaints_count() -> None:
    assert found([erased(2, 0), *THREE])


def test_about_known_trouble_complaints_are_no_news_and_what_calmed_down_long_ago_neither() -> None:
    assert found(THREE, known=True) == []
    assert found(THREE, minutes=2 + 120)
    assert found(THREE, minutes=2 + 121) == []


def test_a_candidate_is_absorbed_by_an_incident_or_calms_down_and_its_complaints_make_no_other() -> None:
    suspecting = Suspecting({RULE.id: RULE})
    suspecting.hear(THREE, START + 180, lambda _: False)
    assert suspecting.rising(["checkout", "search"]) == {"checkout": NOON}
    touched = dict(suspecting.absorb("checkout", "i-1", START + 200))
    assert (sorted(touched), touched["c-2"].first, touched["c-2"].certainty) == (["c-1", "c-2", "c-3"], START + 60, "likely")
    [merged] = suspecting.found.values()
    assert (merged.status, merged.merged_into, suspecting.rising(["checkout"])) == ("merged", "i-1", {})
    # what is complained of anew is another one, and it calms down by itself
    suspecting.hear([ticket(number, 4) for number in (4, 5)], START + 300, lambda _: False)
    assert len(suspecting.found) == 1
    suspecting.hear([ticket(6, 4)], START + 300, lambda _: False)
    suspecting.look(START + 240 + RULE.candidate_for.total_seconds())
    _, other = suspecting.found.values()
    assert (other.status, other.customers) == ("candidate", 3)
    suspecting.look(START + 241 + RULE.candidate_for.total_seconds())
    assert other.status == "withdrawn"


def test_an_hour_counts_each_customer_once_and_what_is_old_is_forgotten() -> None:
    complaints = Complaints()
    for number, (customer, at) in enumerate(_spread()):
        complaints.keep(f"t-{number}", "checkout", Kept(customer, at))
    until = START + 2.5 * HOUR
    assert complaints.history("checkout", until).hours == {int(START // HOUR) + hour: 2 for hour in range(3)}
    complaints.link("t-0", "i-1")
    assert complaints.history("checkout", until).hours[int(START // HOUR)] == 1
    assert [each.customer for each in complaints.about("checkout", START, START + HOUR)] == ["b", "a"]
    complaints.forget(START + KEPT + 2 * HOUR)
    assert complaints.history("checkout", until).hours == {int(START // HOUR) + 2: 2, int(START // HOUR) + 1: 2}


def _spread() -> Iterator[tuple[str, float]]:
    """Yields what two customers write in each of four hours."""
    for hour in range(4):
        yield "a", START + hour * HOUR
        yield "b", START + hour * HOUR + 60
