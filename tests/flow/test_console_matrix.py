"""Every route of the console's pages lets in whom SECURITY.md says and nobody else: each is really asked as each role, and as nobody."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from uuid import uuid4

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from services.console.acting.acts import Owner
from services.console.sessions.roles import Role
from shared.settings import Settings
from tests.flow.console_owner import FakeOwner
from tests.flow.console_screen import Screen, screen
from tests.security_page import Row, covers, row_with, table

ROWS = table("In the console")
CALLERS: dict[str, Role | None] = {"nobody": None, **{str(role): role for role in Role}}

GIVEN = """
INSERT INTO customers (id, name, updated_at) VALUES ('c-1', 'Zoe', now());
INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, revision, said_at)
VALUES ('i-1', 'r', 'checkout', 'high', 'checkout is failing', 'open', now(), now(), 1, now());
INSERT INTO tickets (id, number, customer_id, status, opened_at, changed_at) VALUES ('t-1', 1001, 'c-1', 'open', now(), now());
INSERT INTO people (name, role, created_by) VALUES ('bob', 'agent', 'test');
"""


class Ask(NamedTuple):
    """One good request of a route, and how it is answered to who may."""

    url: str
    status: int
    form: dict[str, Any] | None = None


def sent(url: str, status: int = 303, **form: Any) -> Ask:
    return Ask(url, status, form)


ASKS: dict[str, Ask] = {
    "GET /static/{name}": Ask("/static/forewarn.css", 200),
    "GET /sign-in": Ask("/sign-in", 200),
    "POST /sign-in": sent("/sign-in", 422, name="bob", password="not it, whatever it is"),
    "GET /sign-in/provider": Ask("/sign-in/provider", 404),
    "GET /sign-in/callback": Ask("/sign-in/callback", 404),
    "GET /enter/{link}": Ask("/enter/1", 422),
    "POST /enter/{link}": sent("/enter/1", 422),
    "GET /": Ask("/", 200),
    "GET /queue": Ask("/queue", 200),
    "GET /incidents": Ask("/incidents", 200),
    "GET /incidents/{incident_id}": Ask("/incidents/i-1", 200),
    "GET /incidents/{incident_id}/affected": Ask("/incidents/i-1/affected", 200),
    "GET /incidents/{incident_id}/affected.csv": Ask("/incidents/i-1/affected.csv", 200),
    "POST /incidents/{incident_id}/{act}": sent("/incidents/i-1/resolve", note="It works."),
    "GET /tickets/{number}": Ask("/tickets/1001", 200),
    "POST /tickets/{number}/{form}": sent("/tickets/1001/reply", body="It works."),
    "GET /customers/{customer_id:path}": Ask("/customers/c-1", 200),
    "POST /customers/{customer_id:path}/preferences": sent("/customers/c-1/preferences", incident="yes"),
    "POST /customers/{customer_id:path}/clear-mark": sent("/customers/c-1/clear-mark", address="zoe@example.org"),
    "POST /customers/{customer_id:path}/export": sent("/customers/c-1/export", 200),
    "POST /customers/{customer_id:path}/erase": sent("/customers/c-1/erase", 422, confirm="c-2"),
    "GET /why": Ask("/why?customer=c-1", 200),
    "GET /health": Ask("/health", 200),
    "POST /health/release": sent("/health/release", service="monitor", topic="incidents.v1"),
    "POST /health/retry": sent("/health/retry", service="ticketing", kind="resolve"),
    "POST /health/publish": sent("/health/publish", service="notifier", topic="notifications.v1"),
    "GET /health/letters/{topic}": Ask("/health/letters/incidents.v1", 503),  # Kafka is away
    "POST /health/letters/{topic}/redrive": sent("/health/letters/incidents.v1/redrive", 503, chosen="0-1"),
    "GET /audit": Ask("/audit", 200),
    "GET /people": Ask("/people", 200),
    "POST /people/add": sent("/people/add", name="carol", role="viewer"),
    "POST /people/role": sent("/people/role", name="bob", role="lead"),
    "POST /people/disable": sent("/people/disable", name="bob", disabled="true"),
    "POST /people/end-sessions": sent("/people/end-sessions", name="bob"),
    "POST /people/link": sent("/people/link", 200, name="carol"),
    "POST /people/remove": sent("/people/remove", name="bob"),
    "GET /search": Ask("/search?q=checkout", 200),
    "GET /keys": Ask("/keys", 200),
    "GET /live": Ask("/live?keys=incidents", 503),  # the hub is closed: a stream would not end
    "GET /unmask": Ask("/unmask", 200),
    "POST /unmask": sent("/unmask", why="a customer is on the phone"),
    "POST /mask": sent("/mask"),
    "POST /drafts": sent("/drafts", 204, place="ticket:t-1:reply", text="Dear Zoe"),
    "POST /sign-out": sent("/sign-out"),
}
FOR_THE_SIGNED = {"GET /sign-in": 303, "POST /enter/{link}": 303}  # who is signed in goes on to the pages


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Screen]:
    async with screen(fresh_database.model_copy(update={"kafka": "127.0.0.1:9"})) as it:
        await it.run(GIVEN)
        FakeOwner().asked_by(it, Owner.MONITOR, Owner.NOTIFIER, Owner.TICKETING)
        it.hub.close()
        yield it


def routes(on: Screen) -> list[str]:
    """Returns every route of the pages."""
    found = [(route.path or "", route.methods or set()) for route in iter_route_contexts(on.app.routes)]
    return sorted(f"{method} {path}" for path, methods in found for method in methods - {"HEAD"})


async def answered(on: Screen, route: str, caller: str) -> int:
    """Returns what the route answers to this caller's link or form; 401 also for who is led to the page to sign in."""
    ask, method = ASKS[route], route.partition(" ")[0]
    form = None if ask.form is None else ask.form | {"form_id": uuid4().hex}
    async with on.seen_by(CALLERS[caller]) as browser:
        return told(await browser.request(method, ask.url, data=form))


def told(answer: httpx2.Response) -> int:
    led = answer.request.method == "GET" and answer.headers.get("location", "").startswith("/sign-in")
    return 401 if led else answer.status_code


async def test_every_route_is_in_one_row_and_every_row_has_routes(on: Screen) -> None:
    there = routes(on)
    assert set(there) == ASKS.keys(), "a new route needs a line in ASKS, and a row in SECURITY.md"
    assert {row_with(ROWS, route).title for route in there} == {row.title for row in ROWS}
    assert [way for row in ROWS for way in row.ways if not any(covers(way, route) for route in there)] == []


def test_a_role_may_what_the_one_before_it_may() -> None:
    for row in ROWS:
        assert tuple(row.says) == tuple(CALLERS)
        assert sorted(row.says.values()) == list(row.says.values()), row.title  # no … no, yes … yes


@pytest.mark.parametrize("row", ROWS, ids=[row.title for row in ROWS])
async def test_each_route_lets_in_whom_the_table_says_and_nobody_else(on: Screen, row: Row) -> None:
    for route in [route for route in ASKS if row_with(ROWS, route) is row]:  # in this order: who is removed is removed last
        for caller, says in row.says.items():
            may = FOR_THE_SIGNED.get(route, ASKS[route].status) if caller != "nobody" else ASKS[route].status
            refused = 401 if caller == "nobody" else 403
            assert await answered(on, route, caller) == (may if says == "yes" else refused), f"{route} as {caller}"


@pytest.mark.parametrize("path", ["/nothing", "/static", "/incidents/i-1/nothing/else", "/docs", "/openapi.json", "/v1/people", "/%2e%2e"])
async def test_nobody_learns_which_paths_there_are(on: Screen, path: str) -> None:
    async with on.seen_by(None) as nobody, on.seen_by(Role.OPERATOR) as operator:
        assert [told(await each.get(path)) for each in (nobody, operator)] == [401, 404]


async def test_what_is_not_done_by_a_route_is_done_by_nobody(on: Screen) -> None:
    async with on.seen_by(Role.OPERATOR) as browser:
        for route, ask in ASKS.items():
            for method in ("PUT", "PATCH", "DELETE", "TRACE"):
                assert (await browser.request(method, ask.url)).status_code in (404, 405), f"{method} for {route}"
