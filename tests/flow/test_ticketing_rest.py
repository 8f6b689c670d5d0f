"""Agents work on tickets over REST: only they may, only as the state allows, once, and whatever anybody types."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi.routing import APIRoute

from services.ticketing.api.tickets import router
from shared.events.lines import one_line
from shared.service import Service
from shared.settings import Settings
from tests.flow.cursors import NOT_OURS
from tests.flow.stream_routes import STREAMS
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import CONFIGURATION, NOW, impact, minutes, opened, requested, resolved

OPEN_TO_ALL = {"/livez", "/readyz", "/metrics", "/openapi.json"}
AGENT = {"agent", "operator"}
NEW = {"customer_id": "c-1", "subject": "Cannot pay", "body": "The checkout hangs."}

MAY = {
    **STREAMS,
    ("POST", "/v1/tickets"): {"producer", "agent", "operator"},
    ("GET", "/v1/tickets"): AGENT,
    ("GET", "/v1/tickets/{ref}"): AGENT,
    ("GET", "/v1/tickets/{ref}/messages"): AGENT,
    ("GET", "/v1/tickets/{ref}/messages/{message_id}"): AGENT,
    ("GET", "/v1/tickets/{ref}/links"): AGENT,
    ("GET", "/v1/tickets/{ref}/suggestions"): AGENT,
    ("GET", "/v1/tickets/{ref}/history"): AGENT,
    ("GET", "/v1/tickets/{ref}/history/{line}"): AGENT,
    ("POST", "/v1/tickets/{ref}/reply"): AGENT,
    ("POST", "/v1/tickets/{ref}/assign"): AGENT,
    ("POST", "/v1/tickets/{ref}/resolve"): AGENT,
    ("POST", "/v1/tickets/{ref}/reopen"): AGENT,
    ("POST", "/v1/tickets/{ref}/link"): AGENT,
    ("POST", "/v1/tickets/{ref}/unlink"): AGENT,
    ("GET", "/v1/queues"): AGENT,
}


@pytest.fixture
async def anybody(desk: Desk, fresh_database: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    app = Service("ticketing", fresh_database, desk.database, routers=[router(CONFIGURATION)]).app()
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://ticketing") as client:
        yield client


@pytest.fixture
async def agent(anybody: httpx2.AsyncClient) -> httpx2.AsyncClient:
    anybody.headers["authorization"] = "Bearer agent-token"
    return anybody


async def act(client: httpx2.AsyncClient, ref: object, what: str, **body: Any) -> httpx2.Response:
    return await client.post(f"/v1/tickets/{ref}/{what}", json=body)


# ── who may ──────────────────────────────────────────────────────────────────────────────────


async def test_every_route_but_health_is_in_the_role_matrix(desk: Desk, fresh_database: Settings) -> None:
    app = Service("ticketing", fresh_database, desk.database, routers=[router(CONFIGURATION)]).app()
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    assert {(method.upper(), path) for path, item in paths.items() if path not in OPEN_TO_ALL for method in item} == MAY.keys()
    assert {route.path for route in app.routes if not isinstance(route, APIRoute) and hasattr(route, "path")} <= OPEN_TO_ALL


async def test_each_role_may_do_what_the_matrix_says_and_nothing_else(anybody: httpx2.AsyncClient) -> None:
    for (method, path), allowed in MAY.items():
        url = path.replace("{ref}", "1001").replace("{incident_id}", "i-1")
        answers = {
            who: (await anybody.request(method, url, json={}, headers={"authorization": f"Bearer {who}-token"})).status_code
            for who in ("nobody", "producer", "agent", "operator")
        }
        assert answers.pop("nobody") == (await anybody.request(method, url, json={})).status_code == 401
        assert {who for who, status in answers.items() if status != 403} == allowed, (method, path)


# ── a day at work ────────────────────────────────────────────────────────────────────────────


async def test_an_agent_takes_answers_and_resolves_a_ticket(desk: Desk, agent: httpx2.AsyncClient) -> None:
    created = await agent.post("/v1/tickets", json={**NEW, "component": "My account", "priority": "high"})
    assert (created.status_code, created.json()["number"], created.json()["component"]) == (201, 1001, "account")
    assert (await act(agent, 1001, "assign", agent="ada")).json()["status"] == "in_progress"
    await desk.at(NOW + minutes(2))
    replied = (await act(agent, created.json()["id"], "reply", body="Please try again.")).json()
    assert (replied["status"], replied["answered_by"]) == ("waiting", "agent")
    assert (await act(agent, 1001, "resolve", resolution="It works again.")).json()["status"] == "resolved"
    assert (await act(agent, 1001, "reopen", reason="It does not.")).json()["status"] == "open"
    detail = (await agent.get("/v1/tickets/1001")).json()
    assert [(message["side"], message["author"], message["body"]) for message in detail["messages"]] == [
        ("customer", "c-1", "The checkout hangs."),
        ("support", "agent", "Please try again."),
    ]
    assert [(line["who"], line["what"]) for line in detail["history"]] == [
        ("customer", "opened"),
        ("agent", "assigned"),
        ("agent", "replied"),
        ("agent", "resolved"),
        ("agent", "reopened"),
    ]
    assert await desk.types() == ["opened", "received", "assigned", "replied", "resolved", "reopened"]
    assert (await desk.said())[3]["data"]["kind"] == "reply"


async def test_what_a_state_does_not_allow_is_refused_with_what_it_does(agent: httpx2.AsyncClient) -> None:
    await agent.post("/v1/tickets", json=NEW)
    refused = await act(agent, 1001, "reopen", reason="?")
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    assert refused.json()["ticket_status"] == "open"
    assert refused.json()["allowed"] == ["assign", "reply", "link", "resolve"]


async def test_an_agent_undoes_a_link_and_the_ticket_needs_a_person_again(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1))
    await desk.at(NOW + minutes(10))
    undone = (await act(agent, 1001, "unlink", verdict="The card has expired.")).json()
    assert (undone["status"], undone["incident_id"], undone["answered_by"]) == ("open", None, None)
    [link] = (await agent.get("/v1/tickets/1001")).json()["links"]
    assert (link["unlinked_by"], link["verdict"]) == ("agent", "The card has expired.")
    assert (await act(agent, 1001, "unlink", verdict="again")).status_code == 409
    await desk.tell(impact("c-1", chunk=1), resolved(at=NOW + minutes(11)))
    assert [(each["status"], each["incident_id"]) for each in await desk.tickets()] == [("open", None)]
    await desk.at(NOW + minutes(240))
    await desk.ring()
    assert (await desk.types())[4:] == ["unlinked", "sla_breached"]


async def test_a_ticket_of_an_affected_customer_created_by_rest_is_answered_too(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(opened(), impact("c-1"))
    created = (await agent.post("/v1/tickets", json=NEW)).json()
    assert (created["incident_id"], created["status"], created["answered_by"]) == ("i-1", "waiting", "forewarn")


# ── lists ────────────────────────────────────────────────────────────────────────────────────


async def numbers(agent: httpx2.AsyncClient, **filters: Any) -> list[int]:
    return [ticket["number"] for ticket in (await agent.get("/v1/tickets", params=filters)).json()["items"]]


async def test_tickets_are_found_by_what_is_known_of_them(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1), requested(2, "c-2", component="search", subject="Kein Käse gefunden"))
    await desk.tell(requested(3, "c-3"))
    await act(agent, 1003, "assign", agent="ada")
    found = {
        "all": await numbers(agent),
        "waiting": await numbers(agent, status="waiting"),
        "open or in progress": await numbers(agent, status=["open", "in_progress"]),
        "customer": await numbers(agent, customer_id="c-2"),
        "component": await numbers(agent, component="search"),
        "incident": await numbers(agent, incident_id="i-1"),
        "assignee": await numbers(agent, assignee="ada"),
        "words": await numbers(agent, q="käse gefunden"),
        "words of the answer": await numbers(agent, q='"working on it"'),
        "number": await numbers(agent, q="#1003"),
        "nothing": await numbers(agent, q="käse", status="waiting"),
    }
    assert found == {
        "all": [1003, 1002, 1001],
        "waiting": [1001],
        "open or in progress": [1003, 1002],
        "customer": [1002],
        "component": [1002],
        "incident": [1001],
        "assignee": [1003],
        "words": [1002],
        "words of the answer": [1001],
        "number": [1003],
        "nothing": [],
    }
    assert (await agent.get("/v1/queues")).json()["items"] == [
        {"status": "in_progress", "assignee": "ada", "tickets": 1, "oldest_opened_at": "2026-11-24T10:00:00Z"},
        {"status": "open", "assignee": None, "tickets": 1, "oldest_opened_at": "2026-11-24T10:00:00Z"},
        {"status": "waiting", "assignee": None, "tickets": 1, "oldest_opened_at": "2026-11-24T10:00:00Z"},
    ]


async def test_pages_follow_each_other_without_gap_or_repetition_while_tickets_come(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell_at_once([requested(number) for number in range(7)])
    seen, cursor = [], None
    while True:
        page = (await agent.get("/v1/tickets", params={"limit": 3, **({"cursor": cursor} if cursor else {})})).json()
        seen += [ticket["number"] for ticket in page["items"]]
        await desk.tell(requested(f"new {len(seen)}"))
        if (cursor := page["next"]) is None:
            break
    assert seen == [1007, 1006, 1005, 1004, 1003, 1002, 1001]


@pytest.mark.parametrize("cursor", NOT_OURS)
async def test_a_cursor_that_is_not_ours_is_refused(agent: httpx2.AsyncClient, cursor: str) -> None:
    assert (await agent.get("/v1/tickets", params={"cursor": cursor})).status_code == 422


# ── once ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_hundred_equal_posts_at_once_make_one_ticket(desk: Desk, agent: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "k-1"}
    answers = await asyncio.gather(*(agent.post("/v1/tickets", json=NEW, headers=key) for _ in range(100)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 409)
    assert [ticket["number"] for ticket in await desk.tickets()] == [1001]
    assert await desk.types() == ["opened", "received"]
    assert (await agent.post("/v1/tickets", json={**NEW, "body": "Other."}, headers=key)).status_code == 422


async def test_a_key_forgotten_after_a_day_does_not_make_its_ticket_again(desk: Desk, agent: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "k-1"}
    await agent.post("/v1/tickets", json=NEW, headers=key)
    await desk.rows("DELETE FROM idempotency RETURNING 1")
    again = await agent.post("/v1/tickets", json=NEW, headers=key)
    assert (again.status_code, len(await desk.tickets())) == (409, 1)


async def test_a_reply_sent_twice_with_one_key_is_said_once_and_without_a_key_twice(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await agent.post("/v1/tickets", json=NEW)
    for key in ("k-2", "k-2", None, None):
        headers = {"Idempotency-Key": key} if key else {}
        answer = await agent.post("/v1/tickets/1001/reply", json={"body": "Hello."}, headers=headers)
        assert answer.status_code == 200
    assert await desk.types() == ["opened", "received", *["replied"] * 3]


# ── whatever anybody types ───────────────────────────────────────────────────────────────────

TEXTS = ("👩‍👩‍👧 ❤️", "שלום \u202e abc", "e\u0301 é", "\ufeff\u200b", "\x07\x1b[31m", "'; DROP TABLE tickets; --", "{number} %s")
LONGEST = " ".join(f"{number:x}𠀀" for number in range(30_000))[:100_000]  # of different words, for the search

NO_REQUESTS = (
    b'{"customer_id": "c-1", "body": "a\\u0000b"}',
    b'{"customer_id": "c-1", "subject": "a\\u0000b"}',
    b'{"customer_id": "c\\u0000"}',
    b'{"customer_id": "c-1", "body": "\\ud800"}',
    b'{"customer_id": "c-1", "component": "\\udfff"}',
    b'{"customer_id": ""}',
    b'{"customer_id": "c-1", "priority": "whenever"}',
    b'{"customer_id": "c-1", "prioritty": "high"}',
    b'{"customer_id": 1}',
    b'{"customer_id": "c-1", "in_reply_to": "\\u0000"}',
    b"[]",
    b"not json",
    b"",
)


async def test_a_producer_who_writes_in_a_customers_name_does_not_write_to_that_customer(desk: Desk, anybody: httpx2.AsyncClient) -> None:
    phishing = "Your account is suspended. Sign in at https://evil.example/login"
    await desk.tell(opened(), impact("c-1"))
    anybody.headers["authorization"] = "Bearer producer-token"
    written = {"customer_id": "c-1", "subject": phishing, "body": f"The checkout hangs. {phishing}", "component": "checkout"}
    assert (await anybody.post("/v1/tickets", json=written)).status_code == 201
    [answer] = [fact["data"] for fact in await desk.said() if fact["type"] == "replied"]
    assert answer["subject"] == "Re: your request [#1001]"
    assert "evil" not in answer["body"]


async def test_text_is_kept_as_it_came_and_a_subject_is_one_line(agent: httpx2.AsyncClient) -> None:
    assert (await agent.post("/v1/tickets", json={**NEW, "body": LONGEST})).status_code == 201
    for text in TEXTS:
        created = await agent.post("/v1/tickets", json={**NEW, "subject": text, "body": text})
        assert created.status_code == 201, text
        detail = (await agent.get(f"/v1/tickets/{created.json()['number']}")).json()
        assert (detail["subject"], detail["messages"][0]["body"]) == (one_line(text, 250), text)
        assert (await agent.get("/v1/tickets", params={"q": text})).status_code == 200, text


async def test_what_cannot_be_kept_is_refused(desk: Desk, agent: httpx2.AsyncClient) -> None:
    for body, status in ((b"\xff", 400), *((body, 422) for body in NO_REQUESTS)):
        answer = await agent.post("/v1/tickets", content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), body
    assert await desk.tickets() == []


async def test_no_address_is_an_error_of_ours(agent: httpx2.AsyncClient) -> None:
    for address in ("/%00", "?q=%00", "?assignee=%00", "?q=%ff%fe", "?limit=0", "?status=lost", "?cursor=%00"):
        assert (await agent.get(f"/v1/tickets{address}")).status_code in (200, 422), address


async def test_a_ticket_that_is_not_there_is_not_found(agent: httpx2.AsyncClient) -> None:
    for ref in ("1001", "0", "99999999999999999999", "x" * 255, "%F0%9F%98%80"):
        assert (await agent.get(f"/v1/tickets/{ref}")).status_code == 404, ref
        assert (await act(agent, ref, "assign", agent=None)).status_code == 404, ref
