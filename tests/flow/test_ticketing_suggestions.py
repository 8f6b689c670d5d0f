"""An affected customer's unrelated question is no reason for an automatic answer: an agent sees what it may be about, and decides."""

from typing import Any

import httpx2
import pytest

from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import NOW, dismissed, impact, minutes, opened, requested, resolved, withdrawn

INVOICE: dict[str, Any] = {"subject": "An invoice", "body": "Please send me an invoice."}


async def detail(agent: httpx2.AsyncClient, number: int = 1001) -> dict[str, Any]:
    found: dict[str, Any] = (await agent.get(f"/v1/tickets/{number}")).json()
    return found


@pytest.mark.parametrize("ask_first", [True, False])
async def test_an_affected_customers_unrelated_question_gets_no_answer_its_clock_runs_and_it_stays_open(
    desk: Desk, agent: httpx2.AsyncClient, ask_first: bool
) -> None:
    facts = [opened(), impact("c-1")]
    await desk.tell(*([requested(1, **INVOICE), *facts] if ask_first else [*facts, requested(1, **INVOICE)]))
    assert await desk.types() == ["opened", "received", "suggested"]
    [ticket] = (await agent.get("/v1/tickets", params={"status": "open"})).json()["items"]
    assert (ticket["incident_id"], ticket["stopped_at"], ticket["answered_by"]) == (None, None, None)
    [suggestion] = (await detail(agent))["suggestions"]
    assert (suggestion["incident_id"], suggestion["component"], suggestion["title"]) == ("i-1", "checkout", "checkout is failing")
    assert 0 <= suggestion["score"] < 0.75
    assert suggestion["reasons"][1] == "It speaks neither of Checkout nor of trouble."
    await desk.at(NOW + minutes(240))
    await desk.ring()
    assert await desk.types() == ["opened", "received", "suggested", "sla_breached"]


@pytest.mark.parametrize("body", ["Please send me an invoice", "Where is my invoice?", "How do I change my plan?"])
async def test_no_question_about_something_else_is_answered_automatically(desk: Desk, body: str) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1, subject="", body=body))
    assert await desk.types() == ["opened", "received", "suggested"]


async def test_later_impact_does_not_turn_a_suggestion_into_a_link(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1, **INVOICE))
    await desk.tell(impact("c-1", chunk=1), impact("c-1", chunk=2, at=NOW + minutes(1)), resolved(at=NOW + minutes(2)))
    assert await desk.types() == ["opened", "received", "suggested"]
    assert [each["what"] for each in (await detail(agent))["history"]] == ["opened", "suggested"]


async def test_an_agent_accepts_a_suggestion_and_the_customer_is_told_how_it_stands(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1, **INVOICE))
    linked = await agent.post("/v1/tickets/1001/link", json={"incident_id": "i-1"})
    assert (linked.status_code, linked.json()["incident_id"], linked.json()["status"]) == (200, "i-1", "waiting")
    found = await detail(agent)
    assert found["suggestions"] == []
    assert found["links"][0]["reasons"][0] == "agent says so."
    assert found["history"][-1]["who"] == "agent"
    assert await desk.types() == ["opened", "received", "suggested", "linked", "replied"]
    await desk.tell(resolved(at=NOW + minutes(5)))
    assert [ticket["status"] for ticket in await desk.tickets()] == ["resolved"]


async def test_an_agent_links_without_an_answer_and_the_clock_runs(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1, **INVOICE))
    linked = (await agent.post("/v1/tickets/1001/link", json={"incident_id": "i-1", "answer": False})).json()
    assert (linked["status"], linked["stopped_at"]) == ("open", None)
    assert await desk.types() == ["opened", "received", "suggested", "linked"]


async def test_what_was_unlinked_by_mistake_is_linked_again_and_answered_anew(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1))
    await agent.post("/v1/tickets/1001/unlink", json={"verdict": "no"})
    assert (await agent.post("/v1/tickets/1001/link", json={"incident_id": "i-1"})).status_code == 200
    [link] = (await detail(agent))["links"]
    assert (link["unlinked_at"], link["verdict"]) == (None, None)
    said = [fact["id"] for fact in await desk.said()]
    assert len(set(said)) == len(said) == 7
    await desk.tell(resolved(at=NOW + minutes(5)))
    assert [ticket["status"] for ticket in await desk.tickets()] == ["resolved"]


async def test_what_cannot_be_linked_is_refused_with_the_reason(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(opened(), opened("i-2"), dismissed("i-2"), requested(1, **INVOICE))
    unknown = await agent.post("/v1/tickets/1001/link", json={"incident_id": "i-9"})
    assert (unknown.status_code, unknown.json()["detail"]) == (404, "there is no such incident")
    over = await agent.post("/v1/tickets/1001/link", json={"incident_id": "i-2"})
    assert (over.status_code, over.json()["detail"]) == (409, "the incident was withdrawn or dismissed")
    await agent.post("/v1/tickets/1001/link", json={"incident_id": "i-1"})
    again = await agent.post("/v1/tickets/1001/link", json={"incident_id": "i-1"})
    assert (again.status_code, again.json()["detail"]) == (409, "the ticket is linked to incident i-1, and must be unlinked first")
    await desk.rows("UPDATE tickets SET status = 'closed', incident_id = NULL RETURNING 1")
    closed = await agent.post("/v1/tickets/1001/link", json={"incident_id": "i-1"})
    assert (closed.status_code, closed.json()["ticket_status"]) == (409, "closed")


@pytest.mark.parametrize("end", [withdrawn(), dismissed()])
async def test_the_suggestions_of_an_incident_that_was_withdrawn_or_dismissed_go(desk: Desk, agent: httpx2.AsyncClient, end: Any) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1, **INVOICE), end)
    assert (await detail(agent))["suggestions"] == []
    await desk.tell(impact("c-1", chunk=1))
    assert (await detail(agent))["suggestions"] == []


async def test_a_ticket_that_names_another_component_is_never_linked(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1, component="search"), impact("c-1", chunk=1))
    assert await desk.types() == ["opened", "received", "suggested"]
    assert [row["score"] for row in await desk.rows("SELECT score FROM suggestions")] == [0.0]


async def test_a_reply_of_a_person_has_one_re_and_one_number(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(requested(1, subject="Re: AW: Cannot pay [#77]"))
    await agent.post("/v1/tickets/1001/reply", json={"body": "Hello."})
    assert (await desk.said())[-1]["data"]["subject"] == "Re: Cannot pay [#1001]"
