"""History names who acted by the token: what a body claims decides nothing, and only Forewarn's own acts count as automatic."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.ticketing.api.tickets import router
from services.ticketing.ticket import ROUTES, Status, routes_open
from shared.http.tokens import mint, sha256
from shared.identity import Role
from shared.service import Service
from shared.settings import Settings
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import CONFIGURATION, NOW, impact, minutes, opened, requested, resolved

TOKENS = {name: mint(Role.AGENT) for name in ("ada", "grace", "console")}
BODIES: dict[str, dict[str, Any]] = {
    "assign": {"agent": "ada"},
    "reply": {"body": "Hello."},
    "link": {"incident_id": "i-1"},
    "unlink": {"verdict": "no"},
    "resolve": {"resolution": "Done."},
    "reopen": {"reason": "No."},
}


@pytest.fixture
async def clients(desk: Desk, fresh_database: Settings, tmp_path: Path) -> AsyncIterator[dict[str, httpx2.AsyncClient]]:
    """Yields clients of agents with tokens of their own; the console may act for others."""
    made = {"created_at": datetime(2026, 11, 1, tzinfo=UTC).isoformat()}
    callers = {
        name: {"role": "agent", "may_act_for_others": name == "console", "tokens": [{"sha256": sha256(token), **made}]}
        for name, token in TOKENS.items()
    }
    path = tmp_path / "tokens.yml"
    path.write_text(json.dumps({"callers": callers}))
    settings = fresh_database.model_copy(update={"tokens_file": str(path)})
    transport = httpx2.ASGITransport(Service("ticketing", settings, desk.database, routers=[router(CONFIGURATION)]).app())
    made_for = {
        name: httpx2.AsyncClient(transport=transport, base_url="http://ticketing", headers={"authorization": f"Bearer {token}"})
        for name, token in TOKENS.items()
    }
    yield made_for
    for client in made_for.values():
        await client.aclose()


async def act(client: httpx2.AsyncClient, what: str, ref: object = 1001, **but: Any) -> httpx2.Response:
    headers = {"Forewarn-Acting-For": str(but.pop("acting_for"))} if "acting_for" in but else {}
    return await client.post(f"/v1/tickets/{ref}/{what}", json={**BODIES[what], **but}, headers=headers)


async def history(client: httpx2.AsyncClient) -> list[tuple[str, str, str]]:
    return [(line["who"], line["actor"], line["what"]) for line in (await client.get("/v1/tickets/1001")).json()["history"]]


async def test_history_names_the_caller_and_whom_a_trusted_caller_acts_for(desk: Desk, clients: dict[str, httpx2.AsyncClient]) -> None:
    await desk.tell(requested(1))
    await act(clients["ada"], "assign", agent="me")
    replied = (await act(clients["grace"], "reply")).json()
    await act(clients["console"], "resolve", acting_for="ada@example.org")
    assert (replied["assignee"], replied["answered_by"], replied["answered_automatically"]) == ("ada", "grace", False)
    assert await history(clients["ada"]) == [
        ("customer", "customer", "opened"),
        ("ada", "agent", "assigned"),
        ("grace", "agent", "replied"),
        ("ada@example.org", "agent", "resolved"),
    ]
    mine = (await clients["ada"].get("/v1/tickets", params={"assignee": "me"})).json()["items"]
    assert [ticket["number"] for ticket in mine] == [1001]
    assert (await clients["grace"].get("/v1/tickets", params={"assignee": "me"})).json()["items"] == []


@pytest.mark.parametrize("by", ["grace", "forewarn", "", 7, {"a": 1}, None])
async def test_what_a_body_says_of_who_it_was_is_ignored(desk: Desk, clients: dict[str, httpx2.AsyncClient], by: Any) -> None:
    await desk.tell(requested(1))
    assert (await act(clients["ada"], "reply", by=by)).status_code == 200
    assert (await history(clients["ada"]))[-1] == ("ada", "agent", "replied")


async def test_the_description_of_the_api_says_that_by_is_ignored(clients: dict[str, httpx2.AsyncClient]) -> None:
    schemas = (await clients["ada"].get("/openapi.json")).json()["components"]["schemas"]
    for name in ("Reply", "Assignment", "Resolution", "Reopening", "Linking", "Unlinking"):
        assert schemas[name]["properties"]["by"]["deprecated"] is True, name
        assert "by" not in schemas[name].get("required", [])


async def test_an_automatic_answer_is_marked_as_one_and_a_person_is_never_taken_for_it(
    desk: Desk, clients: dict[str, httpx2.AsyncClient]
) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1), requested(2, "c-2"))
    assert (await history(clients["ada"]))[1:] == [("forewarn", "forewarn", "answered")]
    replied = (await act(clients["ada"], "reply", 1002, by="forewarn")).json()
    assert (replied["answered_by"], replied["answered_automatically"]) == ("ada", False)
    # Linked after that, the ticket gets no automatic answer, and undoing the link gives the promise of a person back to nobody.
    await desk.tell(impact("c-2", chunk=1))
    undone = (await act(clients["ada"], "unlink", 1002)).json()
    assert undone["stopped_at"] is not None


async def test_rows_of_earlier_versions_say_by_their_names_who_acted(desk: Desk, clients: dict[str, httpx2.AsyncClient]) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1))
    await act(clients["ada"], "assign")
    await desk.rows("UPDATE history SET actor = NULL RETURNING 1")
    await desk.rows("UPDATE clocks SET answered_automatically = NULL RETURNING 1")
    assert [actor for _, actor, _ in await history(clients["ada"])] == ["customer", "forewarn", "agent"]
    assert (await act(clients["ada"], "unlink")).json()["stopped_at"] is None


async def test_a_request_that_an_agent_writes_down_says_who_did(clients: dict[str, httpx2.AsyncClient]) -> None:
    new = {"customer_id": "c-1", "subject": "Cannot pay", "body": "By telephone.", "channel": "phone"}
    await clients["grace"].post("/v1/tickets", json=new)
    await clients["ada"].post("/v1/tickets", json={**new, "in_reply_to": "1001"})
    lines = (await clients["ada"].get("/v1/tickets/1001")).json()["history"]
    assert [line["detail"]["taken_by"] for line in lines] == ["grace", "ada"]


@pytest.mark.parametrize("is_linked", [True, False])
@pytest.mark.parametrize("status", Status)
async def test_a_refusal_names_exactly_the_routes_that_work(
    desk: Desk, clients: dict[str, httpx2.AsyncClient], status: Status, is_linked: bool
) -> None:
    ada, allowed = clients["ada"], set(routes_open(status, is_linked=is_linked))
    await desk.tell(opened(), *([impact("c-1")] if is_linked else []))
    for number, route in enumerate(sorted(set(ROUTES.values())), 1001):
        await desk.tell(requested(number))
        await desk.rows("UPDATE tickets SET status = $1, resolved_at = clock() WHERE number = $2 RETURNING 1", status, number)
        answer = await act(ada, route, number)
        assert answer.status_code == (200 if route in allowed else 409), (route, answer.text)
        if answer.status_code == 409:
            assert (answer.json()["ticket_status"], set(answer.json()["allowed"])) == (status, allowed)


async def test_an_end_after_a_persons_reply_changes_nobody_who_answered(desk: Desk, clients: dict[str, httpx2.AsyncClient]) -> None:
    await desk.tell(requested(1))
    await act(clients["ada"], "reply")
    await desk.at(NOW + minutes(5))
    await desk.tell(opened(), impact("c-1"), resolved(at=NOW + minutes(5)))
    [clock] = await desk.rows("SELECT answered_by, answered_automatically FROM clocks")
    assert clock == {"answered_by": "ada", "answered_automatically": False}
