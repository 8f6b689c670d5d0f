"""Every fact about a ticket says who did it and how the ticket stands then, so that a reader needs nothing else to show it."""

import asyncio
from typing import Any

import httpx2
import msgspec
import pytest

from shared.cloudevents import FACT_HEADERS, MAX_BYTES, read_fact
from shared.events import FACT_OF, CustomerErased, TicketReceived, TicketSuggested
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import NOW, dismissed, impact, minutes, opened, requested, resolved

LARGEST = "\x01" * 100_000  # six bytes each in JSON
INVOICE: dict[str, Any] = {"subject": "An invoice", "body": "Please send me an invoice."}
OF_A_TICKET = "SELECT status, assignee, incident_id, resolved_at FROM tickets"


async def last(desk: Desk) -> dict[str, Any]:
    return (await desk.said())[-1]


async def stands(desk: Desk, fact: dict[str, Any]) -> bool:
    """Says whether the fact's state is the ticket's row."""
    [row] = await desk.rows(OF_A_TICKET)
    return bool(all(fact["data"]["state"][name] == msgspec.to_builtins(value) for name, value in row.items()))


# ── how it stands, and who did it ────────────────────────────────────────────────────────────


async def test_every_act_of_an_agent_is_a_fact_with_the_ticket_as_it_is_then(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(opened(), requested(1, **INVOICE))
    for what, body, said in (
        ("assign", {"agent": "ada"}, "assigned"),
        ("link", {"incident_id": "i-1"}, "replied"),
        ("unlink", {"verdict": "An invoice."}, "unlinked"),
        ("reply", {"body": "Here it is."}, "replied"),
        ("resolve", {"resolution": "Sent."}, "resolved"),
        ("reopen", {"reason": "The wrong one."}, "reopened"),
    ):
        assert (await agent.post(f"/v1/tickets/1001/{what}", json=body)).status_code == 200
        fact = await last(desk)
        assert fact["type"] == said
        assert await stands(desk, fact), what
        by = "forewarn" if what == "link" else "agent"  # the words of the answer are Forewarn's
        assert (fact["data"]["by"], fact["data"]["actor"]) == (by, by)
    linked = [fact for fact in await desk.said() if fact["type"] == "linked"]
    assert [(fact["data"]["by"], fact["data"]["state"]["status"]) for fact in linked] == [("agent", "in_progress")]


async def test_facts_of_one_act_all_say_how_it_stands_after_it(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1))
    before, received, linked, replied = [fact["data"]["state"] for fact in await desk.said()]
    assert before == received
    assert (before["status"], before["incident_id"], before["responded_at"]) == ("open", None, None)
    assert linked == replied
    assert (linked["status"], linked["incident_id"], linked["responded_by"], linked["responded_automatically"]) == (
        "waiting",
        "i-1",
        "forewarn",
        True,
    )


async def test_time_and_incidents_act_as_forewarn_and_closing_is_said(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1), resolved(at=NOW))
    ended = await last(desk)
    assert (ended["type"], ended["data"]["by"], ended["data"]["actor"]) == ("resolved", "forewarn", "forewarn")
    assert await stands(desk, ended)
    await desk.rows("INSERT INTO due (kind, ref, due_at, ready_at) VALUES ('tidy_tickets', '', clock(), clock()) RETURNING 1")
    await desk.at(NOW + minutes(60 * 24 * 8))
    await desk.ring()
    closed = await last(desk)
    assert (closed["type"], closed["data"]["actor"], closed["data"]["state"]["status"]) == ("closed", "forewarn", "closed")
    assert await stands(desk, closed)


async def test_a_ticket_resolved_without_a_word_has_no_response_and_no_promise_any_more(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(requested(1))
    await agent.post("/v1/tickets/1001/resolve", json={"resolution": "Spam."})
    state = (await last(desk))["data"]["state"]
    assert (state["stopped_at"] is not None, state["responded_at"], state["responded_by"]) == (True, None, None)


async def test_a_dismissed_incident_unlinks_its_tickets_as_forewarn(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1), dismissed())
    fact = await last(desk)
    assert (fact["type"], fact["data"]["incident_id"], fact["data"]["actor"]) == ("unlinked", "i-1", "forewarn")
    assert fact["data"]["verdict"] == "the incident was dismissed"
    assert await stands(desk, fact)


# ── what customers wrote ─────────────────────────────────────────────────────────────────────


async def test_what_a_customer_wrote_is_said_as_it_is_kept_however_it_came(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(requested(1, body="e\u0301 \u202e"), requested(2, body="Still.", in_reply_to="1001"), requested(2))
    await agent.post("/v1/tickets", json={"customer_id": "c-1", "body": "By telephone.", "channel": "phone", "in_reply_to": "1001"})
    said = [fact["data"] for fact in await desk.said() if fact["type"] == "received"]
    rows = await desk.rows(
        "SELECT id AS message_id, subject, body FROM messages ORDER BY at, body <> 'e\u0301 \u202e', body = 'By telephone.'"
    )
    assert [{name: each[name] for name in ("message_id", "subject", "body")} for each in said] == rows
    assert [each["channel"] for each in said] == ["form", "form", "phone"]
    assert {(each["by"], each["actor"]) for each in said} == {("customer", "customer")}


async def test_what_opens_a_resolved_ticket_again_is_said_before_that(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(requested(1))
    await agent.post("/v1/tickets/1001/resolve", json={"resolution": "Done."})
    await desk.tell(requested(2, in_reply_to="1001"))
    received, reopened = (await desk.said())[-2:]
    assert (received["type"], reopened["type"]) == ("received", "reopened")
    assert received["data"]["state"] == reopened["data"]["state"]
    assert reopened["data"]["by"] == "customer"
    assert await stands(desk, reopened)


async def test_the_largest_words_make_facts_that_a_reader_takes(desk: Desk, agent: httpx2.AsyncClient) -> None:
    wide = {"subject": "𠀀" * 250, "channel": "𠀀" * 100, "component": "𠀀" * 255, "customer_id": "𠀀" * 255}
    assert (await agent.post("/v1/tickets", json={**wide, "body": LARGEST})).status_code == 201
    await desk.tell(opened())
    for what, body in (
        ("assign", {"agent": "𠀀" * 255}),
        ("link", {"incident_id": "i-1"}),
        ("unlink", {"verdict": LARGEST}),
        ("reply", {"body": LARGEST}),
        ("resolve", {"resolution": LARGEST}),
        ("reopen", {"reason": LARGEST}),
    ):
        assert (await agent.post(f"/v1/tickets/1001/{what}", json=body)).status_code == 200, what
    values = [row["value"] for row in await desk.rows("SELECT value FROM outbox")]
    assert max(map(len, values)) > 600_000
    for value in values:
        assert len(value) < MAX_BYTES
        assert read_fact(value, FACT_HEADERS, NOW, FACT_OF) is not None


@pytest.mark.parametrize("customer", ["c-1", 'zoë"@example.org'])
async def test_an_erasure_takes_what_was_not_published_yet_and_leaves_the_others(desk: Desk, customer: str) -> None:
    await desk.tell(requested(1, customer), requested(2, "c-17"))
    await desk.at(NOW + minutes(30))
    erasure = CustomerErased.of(CustomerErased.Data(), subject=customer, at=NOW + minutes(30))
    await desk.tell(erasure, requested(3, customer, at=NOW), requested(4, customer, at=NOW, in_reply_to="1001"))
    assert [(fact["type"], fact["data"]["customer_id"]) for fact in await desk.said()] == [("opened", "c-17"), ("received", "c-17")]


# ── what was suggested ───────────────────────────────────────────────────────────────────────


async def test_what_is_suggested_is_said_once_with_scores_and_reasons(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1, **INVOICE), impact("c-1", chunk=1))
    said = [fact for fact in await desk.said() if fact["type"] == "suggested"]
    rows = await desk.rows("SELECT incident_id, score, reasons FROM suggestions")
    assert [fact["data"]["incidents"] for fact in said] == [rows]
    assert (said[0]["data"]["actor"], said[0]["data"]["state"]["incident_id"]) == ("forewarn", None)


def test_of_very_many_suggestions_the_likeliest_hundred_are_said() -> None:
    about = {"ticket_id": "t", "number": 1, "customer_id": "c"}
    many = [{"incident_id": f"i-{number}", "score": 0.5, "reasons": ()} for number in range(150)]
    said = TicketSuggested.Data.model_validate({**about, "incidents": many})
    assert [each.incident_id for each in said.incidents] == [f"i-{number}" for number in range(100)]


def test_facts_of_older_versions_say_nothing_of_the_state() -> None:
    data = TicketReceived.Data(ticket_id="t", number=1, customer_id="c", message_id="m", channel="", subject="", body="", written_at=NOW)
    assert (data.by, data.actor, data.state) == (None, None, None)


# ── who answers has seen the latest ──────────────────────────────────────────────────────────


async def messages(agent: httpx2.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await agent.get("/v1/tickets/1001")).json()["messages"]
    return found


async def reply(agent: httpx2.AsyncClient, body: str, **seen: str) -> httpx2.Response:
    return await agent.post("/v1/tickets/1001/reply", json={"body": body, **seen})


async def test_a_reply_is_refused_when_support_answered_since_and_sent_when_not(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(requested(1))
    [asked] = await messages(agent)
    await desk.at(NOW + minutes(1))
    assert (await reply(agent, "One." + "x" * 5000, seen=asked["id"])).status_code == 200
    await desk.at(NOW + minutes(2))
    late = await reply(agent, "Two.", seen=asked["id"])
    _, first = await messages(agent)
    assert (late.status_code, late.json()["ticket_status"]) == (409, "waiting")
    assert (late.json()["newer"]["id"], late.json()["newer"]["author"]) == (first["id"], "agent")
    assert late.json()["newer"]["body"].startswith("One.x")
    assert late.json()["newer"]["at"] == first["at"]
    assert len(late.content) < 2000
    assert (await desk.types()).count("replied") == 1
    assert (await reply(agent, "Two.", seen=first["id"])).status_code == 200
    assert (await reply(agent, "Whatever.")).status_code == 200, "who says nothing of what was seen is not refused"


async def test_what_the_customer_writes_meanwhile_refuses_nothing(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(requested(1))
    [asked] = await messages(agent)
    await desk.at(NOW + minutes(1))
    await desk.tell(requested(2, at=NOW + minutes(1), in_reply_to="1001"))
    assert (await reply(agent, "One.", seen=asked["id"])).status_code == 200


async def test_an_automatic_answer_counts_as_one(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(requested(1))
    [asked] = await messages(agent)
    await desk.at(NOW + minutes(1))
    await desk.tell(opened(), impact("c-1"))
    refused = await reply(agent, "One.", seen=asked["id"])
    assert (refused.status_code, refused.json()["newer"]["author"]) == (409, "forewarn")


async def test_what_is_no_message_of_the_ticket_cannot_have_been_seen(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(requested(1), requested(2, "c-2"))
    other = (await agent.get("/v1/tickets/1002")).json()["messages"][0]["id"]
    for seen in (other, "nothing"):
        refused = await reply(agent, "One.", seen=seen)
        assert (refused.status_code, refused.json()["detail"]) == (422, "`seen` is no message of this ticket")
    assert "replied" not in await desk.types()


async def test_of_two_agents_who_answer_at_the_same_moment_one_is_told(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(requested(1))
    [asked] = await messages(agent)
    await desk.at(NOW + minutes(1))
    answers = await asyncio.gather(*(reply(agent, f"{number}.", seen=asked["id"]) for number in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert (await desk.types()).count("replied") == 1
