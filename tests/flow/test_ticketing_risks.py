"""A customer is at risk and has not written: their case is opened once with what was found, and ends with the risk if untouched."""

import pytest

from services.ticketing.hearing.customers import on_customers
from shared.events import CustomerErased, case_id
from tests.builders import acted, cleared
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import CONFIGURATION, NOW, impact, minutes, opened, requested

TARGETS = CONFIGURATION.support.first_response.targets
FOUND = {"risk_id": "k-1", "rule": "cannot-pay", "score": 0.5, "contributions": {"failures": 0.5}, "evidence": ["3 failures"]}


async def test_a_case_of_the_customer_is_opened_with_what_was_found(desk: Desk) -> None:
    await desk.tell(acted(at=NOW, priority="high", contributions={"failures": 0.5}))
    [ticket] = await desk.tickets()
    assert (ticket["id"], ticket["customer_id"], ticket["risk_id"]) == (case_id("k-1"), "c-1", "k-1")
    assert (ticket["status"], ticket["priority"], ticket["channel"], ticket["subject"]) == ("open", "high", "risk", "Payments fail")
    [said] = await desk.said()
    assert (said["type"], said["data"]["risk"], said["data"]["actor"]) == ("opened", FOUND, "forewarn")
    assert said["causationid"] == acted(at=NOW).id
    [line] = await desk.rows("SELECT detail, actor FROM history")
    assert (line["actor"], line["detail"]["risk"]) == ("forewarn", FOUND)
    [clock] = await desk.rows("SELECT due_at FROM clocks")
    assert clock["due_at"] == NOW + TARGETS["high"]


async def test_it_is_opened_once_however_often_it_is_asked_for_and_each_risk_has_its_own(desk: Desk) -> None:
    await desk.tell_at_once([acted(at=NOW), acted(at=NOW)])
    await desk.tell(acted(at=NOW), acted(at=NOW, risk_id="k-2"), acted(at=NOW, risk_id="k-3", customer_id="c-3"))
    assert [ticket["risk_id"] for ticket in await desk.tickets()] == ["k-1", "k-2", "k-3"]
    assert await desk.types() == ["opened"] * 3


@pytest.mark.parametrize("kind", ["article", "help", "webhook", "of-a-later-version"])
async def test_what_others_do_about_a_risk_opens_no_case(desk: Desk, kind: str) -> None:
    await desk.tell(acted(kind, at=NOW), acted("case", at=NOW, status="withheld", risk_id="k-2"))
    assert await desk.tickets() == []


async def test_a_case_that_nobody_touched_is_resolved_with_its_risk_and_its_customer_hears_nothing(desk: Desk) -> None:
    await desk.tell(acted(at=NOW))
    await desk.tell(cleared(at=NOW + minutes(1)), cleared(at=NOW + minutes(1)))
    [ticket] = await desk.tickets()
    assert ticket["status"] == "resolved"
    first, last = await desk.said()
    assert (first["type"], last["type"], last["data"]["resolution"]) == ("opened", "resolved", "the risk is over: recovered")
    assert last["data"]["tell"] is False
    [clock] = await desk.rows("SELECT stopped_at, answered_by FROM clocks")
    assert (clock["stopped_at"], clock["answered_by"]) == (NOW, None)


async def test_a_case_that_its_customer_has_written_on_stays_and_its_history_says_once_that_the_risk_is_over(desk: Desk) -> None:
    await desk.tell(acted(at=NOW), requested(1, body="What do you want?", in_reply_to="1001"))
    await desk.tell(cleared(at=NOW), cleared(at=NOW))
    [ticket] = await desk.tickets()
    assert ticket["status"] == "open"
    history = [(line["what"], line["detail"].get("reason")) for line in await desk.rows("SELECT what, detail FROM history ORDER BY id")]
    assert history == [("opened", None), ("wrote", None), ("risk_over", "recovered")]


async def test_a_case_that_an_agent_has_stays_theirs(desk: Desk) -> None:
    await desk.tell(acted(at=NOW))
    await desk.rows("UPDATE tickets SET status = 'in_progress', assignee = 'ada' RETURNING 1")
    await desk.tell(cleared(at=NOW))
    [ticket] = await desk.tickets()
    assert (ticket["status"], ticket["assignee"]) == ("in_progress", "ada")


async def test_an_incident_answers_no_case_that_its_customer_has_not_asked_for(desk: Desk) -> None:
    await desk.tell(opened(), acted(at=NOW), impact("c-1"))
    await desk.ring()
    [ticket] = await desk.tickets()
    assert (ticket["status"], ticket["incident_id"]) == ("open", None)
    assert await desk.types() == ["opened"]


async def test_an_erased_customer_gets_no_case_from_what_is_older(desk: Desk) -> None:
    async with desk.database.transaction() as tx:
        await on_customers(tx, [CustomerErased.of(CustomerErased.Data(), subject="c-1", at=NOW)])
    await desk.tell(acted(at=NOW - minutes(1)))
    assert await desk.tickets() == []
    await desk.tell(acted(at=NOW + minutes(1), risk_id="k-2"))
    assert [ticket["risk_id"] for ticket in await desk.tickets()] == ["k-2"]
