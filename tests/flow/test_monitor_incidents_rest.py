"""People read incidents over HTTP: how each stands and why, whom it touches, and lists page by page."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from services.monitor.api import router
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings
from tests.builders import NOON
from tests.flow.cursors import NO_CURSOR, NOT_OURS

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def agent(fresh_database: Settings, monitor_database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """Yields a client of monitor's REST with an agent's token."""
    app = Service("monitor", fresh_database, monitor_database, routers=[router]).app()
    headers = {"authorization": "Bearer agent-token"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://monitor", headers=headers) as client:
        yield client


@pytest.fixture
async def history(monitor_database: Database) -> None:
    """Stores seven incidents, one a minute, of two components; the last one is open and touches five customers."""
    async with monitor_database.connection() as connection:
        for number in range(1, 8):
            at = NOON + timedelta(minutes=number)
            await connection.execute(
                "INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, ended_at, why, affected)"
                " VALUES ($1, 'failing', $2, 'high', 'failing', $3, $4, $5, $6, $7, $8)",
                f"i-{number}",
                "checkout" if number % 2 else "search",
                "open" if number == 7 else "resolved",
                at,
                at + timedelta(seconds=4),
                None if number == 7 else at + timedelta(seconds=50),
                {"ratio": 0.5},
                5 if number == 7 else 0,
            )
        await connection.execute(
            "INSERT INTO impact SELECT 'i-7', 'c-' || n, 'confirmed', $1, $2, n FROM generate_series(1, 5) AS n",
            NOON,
            NOON + timedelta(seconds=3),
        )


async def ids(agent: httpx2.AsyncClient, **filters: Any) -> list[str]:
    return [item["id"] for item in (await agent.get("/v1/incidents", params=filters)).json()["items"]]


async def pages(agent: httpx2.AsyncClient, path: str, limit: int) -> list[list[dict[str, Any]]]:
    """Returns all pages of a list, following its cursors."""
    found: list[list[dict[str, Any]]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await agent.get(path, params={"limit": limit, **cursor})).json()
        found.append(page["items"])
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


async def test_incidents_are_listed_newest_first_and_found_by_status_and_component(history: None, agent: httpx2.AsyncClient) -> None:
    assert await ids(agent) == ["i-7", "i-6", "i-5", "i-4", "i-3", "i-2", "i-1"]
    assert await ids(agent, status="open") == ["i-7"]
    assert await ids(agent, component="search") == ["i-6", "i-4", "i-2"]
    assert await ids(agent, status="resolved", component="checkout") == ["i-5", "i-3", "i-1"]
    assert await ids(agent, component="login") == []


async def test_pages_follow_each_other_without_gap_or_repetition(history: None, agent: httpx2.AsyncClient) -> None:
    found = await pages(agent, "/v1/incidents", 3)
    assert [[item["id"] for item in page] for page in found] == [["i-7", "i-6", "i-5"], ["i-4", "i-3", "i-2"], ["i-1"]]
    found = await pages(agent, "/v1/incidents/i-7/impact", 5)
    assert [[item["customer_id"] for item in page] for page in found] == [["c-1", "c-2", "c-3", "c-4", "c-5"]]


async def test_an_incident_says_how_it_stands_and_why(history: None, agent: httpx2.AsyncClient) -> None:
    assert (await agent.get("/v1/incidents/i-7")).json() == {
        "id": "i-7",
        "rule": "failing",
        "component": "checkout",
        "severity": "high",
        "symptom": "failing",
        "title": "failing",
        "status": "open",
        "started_at": "2026-11-24T12:07:00Z",
        "opened_at": "2026-11-24T12:07:04Z",
        "failing_at": None,
        "silent_since": None,
        "resolved_at": None,
        "ended_at": None,
        "behind_seconds": 0.0,
        "revision": 0,
        "affected": 5,
        "likely": 0,
        "by": None,
        "note": "",
        "why": {"ratio": 0.5},
        "shadow": False,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "severity_by": None,
        "public": None,
        "merged_into": None,
        "split_from": None,
        "story": {"items": [], "next": None},
    }


async def test_whom_an_incident_touches_is_told_with_the_evidence(history: None, agent: httpx2.AsyncClient) -> None:
    [first, *_] = (await agent.get("/v1/incidents/i-7/impact")).json()["items"]
    assert first == {
        "customer_id": "c-1",
        "certainty": "confirmed",
        "first_seen_at": "2026-11-24T12:00:00Z",
        "last_seen_at": "2026-11-24T12:00:03Z",
        "count": 1,
        "by": None,
        "reason": "",
        "taken_out_at": None,
    }


async def test_an_incident_that_is_not_there_is_not_found(agent: httpx2.AsyncClient) -> None:
    for path in ("/v1/incidents/i-9", "/v1/incidents/i-9/impact", "/v1/incidents/i-9/story"):
        answer = await agent.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("cursor", NOT_OURS)
async def test_a_cursor_that_is_not_ours_is_refused(history: None, agent: httpx2.AsyncClient, cursor: str) -> None:
    assert (await agent.get("/v1/incidents", params={"cursor": cursor})).status_code == 422


@pytest.mark.parametrize("cursor", NO_CURSOR)
async def test_a_cursor_of_no_list_of_ours_is_refused(history: None, agent: httpx2.AsyncClient, cursor: str) -> None:
    for path in ("impact", "story"):
        assert (await agent.get(f"/v1/incidents/i-7/{path}", params={"cursor": cursor})).status_code == 422, path


async def test_a_question_that_makes_no_sense_is_refused(agent: httpx2.AsyncClient) -> None:
    for path in ("?limit=0", "?limit=501", "?limit=x", "?status=ajar", "?component=%00", "/%00", "/%00/impact"):
        assert (await agent.get(f"/v1/incidents{path}")).status_code == 422, path
