"""A customer is erased: no word, name or id of theirs is in a table or an answer of ticketing, and nothing brings one back."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from services.ticketing.api.tickets import router
from services.ticketing.personal import PERSONAL
from shared.events import CustomerErased, Fact
from shared.service import Service
from shared.settings import Settings
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import CONFIGURATION, NOW, impact, minutes, opened, requested, resolved

ID = 'zoë"@example.org'
NEIGHBOUR = f"{ID}7"  # begins like it
WORD = "zanzibar"  # in everything that the customer wrote, or somebody wrote of them
TEXT = f"The checkout hangs in {WORD}."
AFTER = NOW + minutes(30)


def asked(at: datetime = AFTER) -> CustomerErased:
    return CustomerErased.of(CustomerErased.Data(), subject=ID, at=at)


@pytest.fixture
async def operator(desk: Desk, fresh_database: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    app = Service("ticketing", fresh_database, desk.database, routers=[router(CONFIGURATION)], personal=PERSONAL).app()
    headers = {"authorization": "Bearer operator-token"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://ticketing", headers=headers) as client:
        yield client


REQUESTS: list[Fact] = [
    requested(1, ID, subject=TEXT, body=TEXT, channel=WORD),
    requested(2, ID, subject=f"About {WORD}", body="Where is my invoice?", component=WORD),
]
OTHERS: list[Fact] = [requested(3, "c-2", body="The checkout hangs."), requested(4, NEIGHBOUR, body="Hello.")]
KNOWN: list[Fact] = [opened(), impact(ID, "c-2"), impact(ID, "c-3", incident="i-2"), *REQUESTS, *OTHERS]


async def acted_on(desk: Desk, operator: httpx2.AsyncClient) -> None:
    """Publishes and does everything that there can be of a customer and their tickets."""
    await desk.tell(*KNOWN)
    await desk.rows("INSERT INTO told VALUES ('i-1', $1, clock()) RETURNING 1", ID)  # of an earlier version
    new = {"customer_id": ID, "subject": WORD, "body": TEXT}
    assert (await operator.post("/v1/tickets", json=new, headers={"Idempotency-Key": "k"})).status_code == 201
    for what, body in (
        ("unlink", {"verdict": f"It is about {WORD}."}),
        ("reply", {"body": f"Dear {WORD}"}),
        ("resolve", {"resolution": f"{WORD} works"}),
        ("reopen", {"reason": f"{WORD} does not"}),
    ):
        answer = await operator.post(f"/v1/tickets/1001/{what}", json=body, headers={"Idempotency-Key": what})
        assert answer.status_code == 200, answer.text


async def tables_naming(desk: Desk, *texts: str) -> set[str]:
    """Returns all tables of the schema that hold one of these texts anywhere, as text or as bytes."""
    found = set()
    for table in await desk.rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema"):
        for row in await desk.rows(f'SELECT * FROM "{table["name"]}"'):  # noqa: S608
            said = " ".join(each.decode(errors="replace") if isinstance(each, bytes) else repr(each) for each in row.values())
            if any(form in said.replace("org7", "") for text in texts for form in (text, json.dumps(text)[1:-1], repr(text)[1:-1])):
                found.add(table["name"])
    return found


async def exported(operator: httpx2.AsyncClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await operator.get(f"/v1/customers/{quote(ID)}/data")).json()["items"]
    return items


async def test_the_export_has_all_of_it_and_after_the_erasure_no_table_has_any(desk: Desk, operator: httpx2.AsyncClient) -> None:
    await acted_on(desk, operator)
    before = await tables_naming(desk, ID, WORD)
    assert {"tickets", "messages", "links", "suggestions", "history", "impact", "impact_to_match", "told", "idempotency"} <= before
    shown = await exported(operator)
    assert {each.name for each in PERSONAL} <= {item["name"] for item in shown}
    assert sum(WORD in str(item["row"]) for item in shown if item["name"] == "messages on tickets") >= 5

    await desk.at(AFTER)
    await desk.tell(asked())
    assert await tables_naming(desk, ID, WORD) == set()
    assert await exported(operator) == []
    told_of = (await operator.get(f"/v1/customers/{quote(ID)}/erasure")).json()
    assert told_of["pending"] == []
    assert all(told_of["rows"][each.name] > 0 for each in PERSONAL), told_of["rows"]
    assert (told_of["rows"]["tickets"], told_of["rows"]["incidents that touched them"]) == (3, 2)


async def test_no_answer_shows_any_of_it_and_the_others_stay_as_they_were(desk: Desk, operator: httpx2.AsyncClient) -> None:
    await acted_on(desk, operator)
    others = [ticket["number"] for ticket in await desk.tickets() if ticket["customer_id"] != ID]
    await desk.at(AFTER)
    await desk.tell(asked())
    for url in ("/v1/tickets", f"/v1/tickets?q={WORD}", f"/v1/tickets?customer_id={quote(ID)}", "/v1/queues"):
        answer = await operator.get(url)
        assert answer.status_code == 200
        assert WORD not in answer.text
        assert "1001" not in answer.text
    for path in ("", "/messages", "/links", "/suggestions", "/history"):
        assert (await operator.get(f"/v1/tickets/1001{path}")).status_code == 404
    assert [ticket["number"] for ticket in await desk.tickets()] == others
    assert len((await operator.get(f"/v1/tickets/{others[0]}")).json()["messages"]) == 2


async def test_a_replay_of_all_topics_brings_nothing_of_them_back(desk: Desk, operator: httpx2.AsyncClient) -> None:
    await acted_on(desk, operator)
    await desk.at(AFTER)
    await desk.tell(asked())
    before = len(await desk.tickets())
    await desk.tell(*KNOWN, asked(), *KNOWN)
    await desk.tell_at_once([fact for fact in KNOWN if fact in REQUESTS])
    assert await tables_naming(desk, ID, WORD) == set()
    assert len(await desk.tickets()) == before


async def test_a_request_that_was_stamped_in_the_future_comes_back_as_little(desk: Desk) -> None:
    ahead = requested(9, ID, at=AFTER + timedelta(days=1), body=TEXT)
    await desk.tell(ahead)
    await desk.at(AFTER)
    await desk.tell(asked(), ahead)
    assert await desk.tickets() == []


@pytest.mark.parametrize(("late", "tickets"), [(timedelta(), 0), (timedelta(microseconds=1), 1)])
async def test_who_writes_after_their_erasure_is_a_customer_like_any_other(desk: Desk, late: timedelta, tickets: int) -> None:
    await desk.at(AFTER + late)
    await desk.tell(asked(), requested(5, ID, at=AFTER + late))
    assert len(await desk.tickets()) == tickets


@pytest.mark.parametrize(("late", "affected"), [(timedelta(), 0), (timedelta(microseconds=1), 1)])
async def test_impact_that_is_older_than_the_erasure_is_left_out(desk: Desk, late: timedelta, affected: int) -> None:
    await desk.at(AFTER + late)
    await desk.tell(asked(), opened(), impact(ID, at=AFTER + late))
    assert len(await desk.rows("SELECT FROM impact")) == affected
    assert await tables_naming(desk, ID) == ({"impact"} if affected else set())


async def test_a_retry_of_an_erased_request_makes_no_ticket(desk: Desk, operator: httpx2.AsyncClient) -> None:
    new, key = {"customer_id": ID, "subject": WORD, "body": TEXT}, {"Idempotency-Key": "k"}
    await operator.post("/v1/tickets", json=new, headers=key)
    await desk.at(AFTER)
    await desk.tell(asked())
    again = await operator.post("/v1/tickets", json=new, headers=key)
    assert (again.status_code, again.json()["detail"]) == (409, "this Idempotency-Key made a ticket whose customer was erased")
    assert await tables_naming(desk, ID, WORD) == set()


async def test_work_that_was_due_for_an_erased_customer_does_nothing(desk: Desk, operator: httpx2.AsyncClient) -> None:
    await acted_on(desk, operator)
    await desk.at(AFTER)
    await desk.tell(asked())
    await desk.tell(resolved(at=AFTER), opened("i-2"))
    await desk.at(NOW + timedelta(days=2))
    await desk.ring()
    assert await tables_naming(desk, ID, WORD) == set()
