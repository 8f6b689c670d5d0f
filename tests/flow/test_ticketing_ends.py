"""An incident ends (resolved, withdrawn or dismissed, by a person or by itself, once or again) for one ticket or thousands."""

import pytest

from services.ticketing import timers
from shared.events import Fact
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import NOW, dismissed, impact, minutes, opened, reopened, requested, resolved, withdrawn


@pytest.mark.parametrize("end", [withdrawn(), dismissed()], ids=["withdrawn", "dismissed"])
async def test_tickets_of_an_incident_that_was_withdrawn_or_dismissed_go_back_to_agents_and_are_not_fixed(desk: Desk, end: Fact) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1))
    await desk.at(NOW + minutes(10))
    await desk.tell(end)
    [ticket] = await desk.tickets()
    assert (ticket["status"], ticket["incident_id"], ticket["resolved_at"]) == ("open", None, None)
    assert await desk.types() == ["opened", "received", "linked", "replied", "unlinked"]  # ticketing says no word of it to the customer
    [link] = await desk.rows("SELECT unlinked_by, verdict FROM links")
    how = end.type.split(".")[2]
    assert link == {"unlinked_by": "forewarn", "verdict": f"the incident was {how}"}
    [line] = await desk.rows("SELECT who, detail FROM history ORDER BY id DESC LIMIT 1")
    assert line == {"who": "forewarn", "detail": {"incident_id": "i-1", "verdict": f"the incident was {how}"}}
    await desk.at(NOW + minutes(240))  # only Forewarn had answered: the promise of a person's answer holds again
    await desk.ring()
    assert (await desk.types())[5:] == ["sla_breached"]


async def test_a_persons_answer_stands_when_the_incident_is_withdrawn(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1))
    await desk.rows("UPDATE clocks SET answered_by = 'ada', answered_automatically = false RETURNING 1")
    await desk.tell(withdrawn())
    [clock] = await desk.rows("SELECT stopped_at, answered_by FROM clocks")
    assert clock == {"stopped_at": NOW, "answered_by": "ada"}


async def test_tickets_that_are_resolved_already_stay_so_when_the_incident_is_dismissed(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1))
    await desk.rows("UPDATE tickets SET status = 'resolved', resolved_at = clock() RETURNING 1")
    await desk.tell(dismissed())
    assert [ticket["status"] for ticket in await desk.tickets()] == ["resolved"]
    assert await desk.types() == ["opened", "received", "linked", "replied"]


@pytest.mark.parametrize("end", [withdrawn(), dismissed()], ids=["withdrawn", "dismissed"])
async def test_who_writes_after_a_withdrawal_or_dismissal_is_not_answered(desk: Desk, end: Fact) -> None:
    await desk.tell(opened(), impact("c-1"), end, requested(1), impact("c-1", chunk=1))
    assert await desk.types() == ["opened", "received"]


async def test_an_end_that_nobody_is_to_hear_of_resolves_tickets_without_words(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1), resolved(at=NOW, by="ada", tell=False), requested(2))
    assert [ticket["status"] for ticket in await desk.tickets()] == ["resolved", "open"]
    assert await desk.types() == ["opened", "received", "linked", "replied", "resolved", "opened", "received", "linked"]


async def test_a_repeated_end_does_not_end_a_reopened_incident(desk: Desk) -> None:
    end = resolved(at=NOW)
    await desk.tell(opened(), impact("c-1", "c-2"), requested(1), end, reopened(at=NOW + minutes(1)))
    await desk.at(NOW + minutes(2))
    await desk.tell(requested(2, "c-2", at=NOW + minutes(2)))
    await desk.tell(end, end.model_copy(update={"id": "of another relay"}), opened())
    assert [ticket["status"] for ticket in await desk.tickets()] == ["resolved", "waiting"]
    [incident] = await desk.rows("SELECT resolved_at, revision FROM incidents")
    assert incident == {"resolved_at": None, "revision": 2}


async def test_a_ticket_the_customer_opened_again_ends_with_the_reopened_incident(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1), resolved(at=NOW), requested(2, in_reply_to="1001"))
    await desk.tell(reopened(), resolved(at=NOW + minutes(2), revision=3))
    assert [ticket["status"] for ticket in await desk.tickets()] == ["resolved"]


async def test_an_end_that_was_taken_back_before_its_work_was_done_ends_nothing(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1))
    await desk.tell_at_once([resolved(at=NOW), reopened()])
    assert [ticket["status"] for ticket in await desk.tickets()] == ["waiting"]


async def test_the_end_of_a_large_incident_is_work_in_pieces(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "ENDED_AT_ONCE", 10)
    customers = [f"c-{number}" for number in range(35)]
    await desk.tell(opened(), impact(*customers))
    await desk.tell_at_once([requested(customer, customer) for customer in customers])
    await desk.tell(resolved(at=NOW))
    assert {ticket["status"] for ticket in await desk.tickets()} == {"resolved"}
    [pieces] = await desk.rows(
        "SELECT array_agg(DISTINCT n) AS sizes FROM (SELECT count(*) AS n FROM history WHERE what = 'resolved' GROUP BY xmin) _"
    )
    assert pieces["sizes"] == [5, 10]
    assert [fact["data"]["tell"] for fact in await desk.said() if fact["type"] == "resolved"] == [True] * 35


async def test_facts_that_follow_from_due_work_still_name_their_cause(desk: Desk) -> None:
    end = resolved(at=NOW).model_copy(update={"hops": 2})
    await desk.tell(requested(1), opened(), impact("c-1"), end)
    caused = {fact["type"]: (fact["causationid"], fact["hops"]) for fact in await desk.said()}
    assert caused["resolved"] == (end.id, 3)
    assert caused["linked"] == (impact("c-1").id, 1)
