"""Agents ask notifier over REST, and customers use the public page behind every unsubscribe link."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from services.notifier.public.links import Right, token_for
from shared.events import CustomerErased, NotificationEngaged
from shared.settings import Settings
from tests.flow.cursors import NOT_OURS
from tests.flow.notifier_stage import SECOND, Stage, impact, kinds, opened, replied, stage

pytestmark = pytest.mark.asyncio

ADA = "c-1@example.org"


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Stage]:
    async with stage(fresh_database, public_url="https://notify.example.com") as it:
        yield it


@pytest.fixture
async def anybody(on: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(on.service.public_app())
    async with httpx2.AsyncClient(transport=transport, base_url="https://notify.example.com") as client:
        yield client


@pytest.fixture
async def agent(on: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    async with on.client("agent-token") as client:
        yield client


@pytest.fixture
async def caller(on: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """Yields a client of the API without a token, for tests that give one."""
    async with on.client() as client:
        yield client


async def told(on: Stage, incident_id: str = "i-1") -> str:
    """Has c-1 told of an incident; returns the link in the mail."""
    await on.hear(opened(on.now, incident_id), impact(on.now, "c-1", incident_id=incident_id))
    return str(on.office.to(ADA)[-1]["List-Unsubscribe"]).strip("<>")


# ── one click ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {},
        {"content": b"\0 whatever"},
    ],
    ids=["form", "multipart", "empty", "garbage"],
)
async def test_one_click_ends_it_whatever_is_posted(on: Stage, anybody: httpx2.AsyncClient, body: dict[str, object]) -> None:
    await on.know("c-1")
    answer = await anybody.post(await told(on), **body)  # type: ignore[arg-type]
    assert answer.status_code == 200, "and no redirect"
    assert "set-cookie" not in answer.headers
    await told(on, "i-2")
    assert await on.ledger() == [("opened", "delivered", None), ("opened", "suppressed", "opted_out")]


async def test_looking_at_the_page_ends_nothing(on: Stage, anybody: httpx2.AsyncClient) -> None:
    await on.know("c-1")
    answer = await anybody.get(await told(on))
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert '<form method="post">' in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    await told(on, "i-2")
    assert on.office.kinds(ADA) == ["opened", "opened"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_the_page_sends_nobody_to_the_host_that_they_name(on: Stage, anybody: httpx2.AsyncClient, method: str) -> None:
    await on.know("c-1")
    link = (await told(on)).removeprefix("https://notify.example.com")
    for path, status in ((link, 200), (f"{link}/", 404), (f"/{link}", 404)):
        answer = await anybody.request(method, path, headers={"host": "evil.example"})
        assert (answer.status_code, "location" in answer.headers, "evil.example" in answer.text) == (status, False, False), path


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_that_is_not_ours_is_not_found(anybody: httpx2.AsyncClient, on: Stage, method: str) -> None:
    await on.know("c-1")
    forged = [token_for(Right("incident", "c-1"), "another secret"), token_for(Right("everything", "c-1"), "a secret"), "x", "x.y", "%00"]
    for token in forged:
        answer = await anybody.request(method, f"/u/{token}")
        assert answer.status_code == 404, token
    assert await on.rows("SELECT * FROM preferences") == []


async def test_the_others_hear_of_it_once_however_often_it_is_clicked(on: Stage, anybody: httpx2.AsyncClient) -> None:
    await on.know("c-1")
    link = await told(on)
    for _ in range(3):
        assert (await anybody.post(link)).status_code == 200
    await on.loop.settle()
    assert kinds(on.said()) == ["delivered", "engaged"]
    fact = on.said()[-1]
    assert isinstance(fact, NotificationEngaged)
    assert (fact.data.action, fact.data.incident_id) == ("unsubscribed", "i-1")


async def test_answers_to_what_they_ask_still_come(on: Stage, anybody: httpx2.AsyncClient) -> None:
    await on.know("c-1")
    await anybody.post(await told(on))
    await on.hear(replied(on.now, "answer", incident_id="i-1"))
    assert on.office.kinds(ADA) == ["opened", "answer"]


async def test_an_erased_customer_can_still_click_and_nothing_is_kept(on: Stage, anybody: httpx2.AsyncClient) -> None:
    await on.know("c-1")
    link = await told(on)
    await on.hear(CustomerErased.of(CustomerErased.Data(), subject="c-1", at=on.now))
    assert (await anybody.post(link)).status_code == 200
    assert await on.rows("SELECT * FROM preferences") == []


# ── agents ───────────────────────────────────────────────────────────────────────────────────


async def test_every_decision_can_be_asked_why(on: Stage, agent: httpx2.AsyncClient) -> None:
    await on.know("c-1")
    await told(on)
    [item] = (await agent.get("/v1/notifications", params={"customer_id": "c-1"})).json()["items"]
    one = (await agent.get(f"/v1/notifications/{item['id']}")).json()
    assert one == item
    assert (one["kind"], one["status"], one["channel"]) == ("opened", "delivered", "email")
    assert one["evidence"]["count"] == 3
    assert (one["why"]["recent"], one["why"]["cap"], one["why"]["consent"]) == (0, 3, "silence")
    assert [each["outcome"] for each in one["attempts"]] == ["delivered"]


async def test_notifications_are_listed_newest_first_by_customer_incident_and_status_page_by_page(
    on: Stage, agent: httpx2.AsyncClient
) -> None:
    await on.know("c-1", "c-2")
    for number in range(5):
        await on.hear(opened(on.now, f"i-{number}"), impact(on.now, "c-1", incident_id=f"i-{number}"))
        await on.clock.advance(SECOND)
    await on.hear(opened(on.now, "i-9"), impact(on.now, "c-2", incident_id="i-9"))
    seen: list[str] = []
    cursor = ""
    while True:
        params = {"customer_id": "c-1", "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await agent.get("/v1/notifications", params=params)).json()
        seen += [item["incident_id"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == ["i-4", "i-3", "i-2", "i-1", "i-0"]
    of_incident = (await agent.get("/v1/notifications", params={"incident_id": "i-9"})).json()["items"]
    capped = (await agent.get("/v1/notifications", params={"status": "suppressed"})).json()["items"]
    assert [item["customer_id"] for item in of_incident] == ["c-2"]
    assert [item["incident_id"] for item in capped] == ["i-4", "i-3"]
    for filters, count in (({"reason": "capped"}, 2), ({"reason": "stale"}, 0), ({"kind": "opened"}, 6), ({"kind": "guidance"}, 0)):
        assert len((await agent.get("/v1/notifications", params=filters)).json()["items"]) == count, filters


async def test_a_customer_is_shown_with_what_they_chose(on: Stage, agent: httpx2.AsyncClient) -> None:
    await on.know("c-1", name="Ada", tier="gold")
    shown = (await agent.get("/v1/customers/c-1")).json()
    assert (shown["name"], shown["tier"], shown["contacts"][0]["address"]) == ("Ada", "gold", ADA)
    assert (await agent.get("/v1/customers/c-1/preferences")).json() == {"incident": None, "guidance": None}
    assert (await agent.put("/v1/customers/c-1/preferences", json={"incident": False})).status_code == 200
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert await on.ledger() == [("opened", "suppressed", "opted_out")]
    await agent.put("/v1/customers/c-1/preferences", json={})
    assert (await agent.get("/v1/customers/c-1/preferences")).json() == {"incident": None, "guidance": None}


async def test_nothing_is_kept_about_the_erased(on: Stage, agent: httpx2.AsyncClient) -> None:
    await on.know("c-1")
    await on.hear(CustomerErased.of(CustomerErased.Data(), subject="c-1", at=on.now))
    assert (await agent.put("/v1/customers/c-1/preferences", json={"incident": True})).status_code == 409


@pytest.mark.parametrize(
    "path", ["/v1/notifications/none", "/v1/customers/nobody", "/v1/customers/nobody/preferences", "/v1/why/nothing/nobody"]
)
async def test_what_is_not_there_is_a_problem(agent: httpx2.AsyncClient, path: str) -> None:
    answer = await agent.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "status=odd", "reason=odd", "kind=odd", "cursor=odd!", "cursor=bm93aGVyZQ", "customer_id=%00"]
)
async def test_questions_that_make_no_sense_are_refused(agent: httpx2.AsyncClient, query: str) -> None:
    assert (await agent.get(f"/v1/notifications?{query}")).status_code == 422


@pytest.mark.parametrize("cursor", NOT_OURS)
async def test_a_cursor_that_is_not_ours_is_refused(agent: httpx2.AsyncClient, cursor: str) -> None:
    assert (await agent.get("/v1/notifications", params={"cursor": cursor})).status_code == 422


@pytest.mark.parametrize("path", ["/v1/notifications", "/v1/notifications/x", "/v1/customers/c-1", "/v1/why/i-1/c-1", "/v1/experiments"])
async def test_only_agents_and_operators_may_ask(caller: httpx2.AsyncClient, path: str) -> None:
    for token, status in ((None, 401), ("wrong", 401), ("producer-token", 403)):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        assert (await caller.get(path, headers=headers)).status_code == status
    assert (await caller.get(path, headers={"Authorization": "Bearer operator-token"})).status_code in (200, 404)


async def test_a_choice_counts_for_what_is_due_already(on: Stage, anybody: httpx2.AsyncClient) -> None:
    """The click and the next decision have nothing between them but the database."""
    await on.know("c-1")
    link = await told(on)
    await on.consume(opened(on.now, "i-2"), impact(on.now, "c-1", incident_id="i-2"))
    await anybody.post(link)
    await on.loop.settle()
    assert on.office.kinds(ADA) == ["opened"]


async def test_a_customers_contacts_have_pages(on: Stage, agent: httpx2.AsyncClient) -> None:
    addresses = [f"c-1.{number}@example.org" for number in range(5)]
    await on.know("c-1", contacts=[{"channel": "email", "address": address} for address in addresses])
    assert (await agent.get("/v1/customers/c-1")).json()["contacts_in_all"] == 5
    found: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await agent.get("/v1/customers/c-1/contacts", params={"limit": "2", **cursor})).json()
        found.append([item["address"] for item in page["items"]])
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == [addresses[:2], addresses[2:4], addresses[4:]]
