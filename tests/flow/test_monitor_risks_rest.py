"""People read over HTTP which customers are at risk, page by page, and clear what is no risk."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from services.monitor.api import router
from shared.events import RiskCleared, Topic
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings
from tests.flow.monitor_risks import Desk
from tests.unit.monitor.risk.building import payment, streak

pytestmark = pytest.mark.asyncio

CUSTOMERS = [f"c-{number}" for number in range(1, 6)]


@pytest.fixture
async def desk(monitor_database: Database) -> Desk:
    """Returns monitor after five customers could not pay, of whom c-1 could in the end."""
    made = Desk(monitor_database, streak(), streak(id="cannot-pay-at-all", failures=4))
    await made.start()
    for begin, customer in enumerate(CUSTOMERS):
        await made.read(*(payment(10 * begin + at, customer=customer) for at in range(3)))
    await made.read(payment(60, "paid", "c-1"), payment(60, customer="c-2"))
    return made


@pytest.fixture
async def agent(fresh_database: Settings, monitor_database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """Yields a client of monitor's REST with an agent's token."""
    app = Service("monitor", fresh_database, monitor_database, routers=[router]).app()
    headers = {"authorization": "Bearer agent-token"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://monitor", headers=headers) as client:
        yield client


async def listed(agent: httpx2.AsyncClient, **filters: Any) -> list[tuple[str, str]]:
    items = (await agent.get("/v1/risks", params=filters)).json()["items"]
    return [(item["customer_id"], item["rule"]) for item in items]


async def test_risks_are_listed_the_latest_first_and_found_by_customer_rule_and_status(desk: Desk, agent: httpx2.AsyncClient) -> None:
    declined = [(customer, "payment-declined") for customer in reversed(CUSTOMERS)]
    assert await listed(agent) == [("c-2", "cannot-pay-at-all"), *declined]
    assert await listed(agent, customer="c-2") == [("c-2", "cannot-pay-at-all"), ("c-2", "payment-declined")]
    assert await listed(agent, rule="cannot-pay-at-all") == [("c-2", "cannot-pay-at-all")]
    assert await listed(agent, status="cleared") == [("c-1", "payment-declined")]
    assert ("c-1", "payment-declined") not in await listed(agent, status="open")
    assert await listed(agent, customer="c-9") == []


async def test_pages_follow_each_other_without_gap_or_repetition(desk: Desk, agent: httpx2.AsyncClient) -> None:
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await agent.get("/v1/risks", params={"limit": 2, **cursor})).json()
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert len(found) == len(set(found)) == 6


async def test_one_risk_says_what_it_is_made_of(desk: Desk, agent: httpx2.AsyncClient) -> None:
    [item] = (await agent.get("/v1/risks", params={"customer": "c-3"})).json()["items"]
    one = (await agent.get(f"/v1/risks/{item['id']}")).json()
    assert one == item
    assert (one["score"], one["contributions"], one["action"]) == (0.5, {"failures in a row": 0.5}, {"kind": "help"})
    assert one["evidence"][0].startswith("3 failures in a row")
    assert one["version"] == streak().version
    assert (await agent.get("/v1/risks/none")).status_code == 404


async def test_a_person_clears_a_risk_once_and_it_is_said_who_and_why(desk: Desk, agent: httpx2.AsyncClient) -> None:
    [item] = (await agent.get("/v1/risks", params={"customer": "c-3"})).json()["items"]
    url, said = f"/v1/risks/{item['id']}/clear", {"note": "They pay by invoice."}
    headers = {"idempotency-key": "one"}
    first = await agent.post(url, json=said, headers=headers)
    again = await agent.post(url, json=said, headers=headers)
    assert (first.status_code, again.status_code, first.json() == again.json()) == (200, 200, True)
    assert (first.json()["reason"], first.json()["note"], first.json()["by"]) == ("person", "They pay by invoice.", "agent")
    refused = await agent.post(url, json=said)
    assert (refused.status_code, refused.json()["current"]) == (409, "person")
    assert (await agent.post("/v1/risks/none/clear", json={})).status_code == 404
    await desk.settle()
    facts = [fact for fact in desk.topics.facts(Topic.RISKS) if isinstance(fact, RiskCleared) and fact.subject == "c-3"]
    assert [(fact.data.reason, fact.data.by, fact.data.note, fact.data.risk_id) for fact in facts] == [
        ("person", "agent", "They pay by invoice.", item["id"])
    ]


async def test_what_is_cleared_over_http_stays_so_while_the_same_evidence_stands(desk: Desk, agent: httpx2.AsyncClient) -> None:
    [item] = (await agent.get("/v1/risks", params={"customer": "c-3"})).json()["items"]
    await agent.post(f"/v1/risks/{item['id']}/clear", json={})
    await desk.read(payment(25, customer="c-3"))
    await desk.start()
    await desk.settle()
    assert await listed(agent, customer="c-3", status="open") == [("c-3", "cannot-pay-at-all")]  # which no one has cleared
