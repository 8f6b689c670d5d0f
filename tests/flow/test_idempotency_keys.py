"""An Idempotency-Key belongs to its caller's name and to one request: nobody gets, or is refused for, what another one asked."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from shared.cloudevents import write_event
from shared.settings import Settings
from tests.builders import event
from tests.flow.every_service import Site, site

pytestmark = pytest.mark.asyncio

KEY = {"Idempotency-Key": "k-1"}
NEW = {"customer_id": "c-1", "subject": "Cannot pay", "body": "The checkout hangs."}
BINARY = {
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/shop",
    "ce-type": "com.example.request",
    "ce-time": "2026-11-24T12:00:00Z",
    "content-type": "application/json",
}


@pytest.fixture
async def here(fresh_database: Settings) -> AsyncIterator[Site]:
    async with site(fresh_database) as it:
        yield it


async def count(here: Site, service: str, table: str) -> int:
    async with here.databases[service].connection() as connection:
        found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
        return found


async def create(here: Site, role: str, **but: Any) -> httpx2.Response:
    return await here.ask("ticketing", "POST", "/v1/tickets", role, json={**NEW, **but}, headers=KEY)


async def test_each_caller_has_keys_of_its_own(here: Site) -> None:
    """A product and an agent number their requests from 1, say."""
    answers = {role: await create(here, role) for role in ("producer", "agent", "operator")}
    assert {answer.status_code for answer in answers.values()} == {201}
    assert len({answer.json()["id"] for answer in answers.values()}) == 3
    for role, answer in answers.items():
        again = await create(here, role)
        assert (again.json(), again.headers["idempotency-replayed"]) == (answer.json(), "true")
    assert await count(here, "ticketing", "tickets") == 3


async def test_a_key_of_somebody_else_with_another_request_refuses_nothing(here: Site) -> None:
    await create(here, "agent")
    assert (await create(here, "producer", body="Something else.")).status_code == 201
    assert (await create(here, "agent", body="Something else.")).status_code == 422


async def test_a_key_long_forgotten_makes_no_caller_see_or_stop_another_one(here: Site) -> None:
    mine = (await create(here, "agent")).json()["id"]
    await here.run("ticketing", "DELETE FROM idempotency")
    answer = await create(here, "producer")
    assert (answer.status_code, mine in answer.text) == (201, False)
    assert (await create(here, "agent")).status_code == 409


async def test_a_key_is_used_anew_for_another_ticket_and_not_for_another_person(here: Site) -> None:
    for _ in range(2):
        await here.ask("ticketing", "POST", "/v1/tickets", json=NEW)
    for number in (1001, 1002):
        said = {"body": "Hello.", "by": "ada"}
        answer = await here.ask("ticketing", "POST", f"/v1/tickets/{number}/reply", json=said, headers=KEY)
        assert (answer.status_code, answer.json()["number"], "idempotency-replayed" in answer.headers) == (200, number, False)
    by_another = await here.ask("ticketing", "POST", "/v1/tickets/1001/reply", json={"body": "Hello.", "by": "bob"}, headers=KEY)
    assert by_another.status_code == 422
    assert await count(here, "ticketing", "messages") == 4


async def test_a_key_with_another_event_in_the_headers_is_refused_and_swallows_nothing(here: Site) -> None:
    for id_, status in (("1", 202), ("1", 202), ("2", 422)):
        answer = await here.ask("monitor", "POST", "/v1/events", content=b"{}", headers={**KEY, **BINARY, "ce-id": id_})
        assert answer.status_code == status, id_
    assert await count(here, "monitor", "outbox") == 1


async def test_what_was_answered_before_an_upgrade_is_not_done_again_after_it(here: Site) -> None:
    """Until then no row had a caller."""
    content = write_event(event())
    first = await here.ask("monitor", "POST", "/v1/events", "producer", content=content, headers=KEY)
    await here.run("monitor", "UPDATE idempotency SET caller = ''")
    again = await here.ask("monitor", "POST", "/v1/events", "producer", content=content, headers=KEY)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    assert await count(here, "monitor", "outbox") == 1
