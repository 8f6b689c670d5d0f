"""Every route of the console's pages lets in whom SECURITY.md says; every act is done for whom the table of acts says, and nobody else.

Each is really asked as each role, and as nobody.
"""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx2
import pytest

from services.console.acting.acts import ACTS
from services.console.sessions.roles import Role
from shared.settings import Settings
from tests.flow.console_routes import ACTED, ASKS, Ask, routes, site
from tests.flow.console_screen import Screen
from tests.security_page import Row, covers, row_with, table

ROWS = table("In the console")
CALLERS: dict[str, Role | None] = {"nobody": None, **{str(role): role for role in Role}}

FOR_THE_SIGNED = {"GET /sign-in": 303, "POST /enter/{link}": 303}  # who is signed in goes on to the pages


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Screen]:
    async with site(fresh_database) as it:
        yield it


async def answered(on: Screen, route: str, caller: str) -> int:
    """Returns what the route answers to this caller's link or form; 401 also for who is led to the page to sign in."""
    return await asked(on, route.partition(" ")[0], ASKS[route], caller)


async def asked(on: Screen, method: str, ask: Ask, caller: str) -> int:
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


def test_every_act_is_in_the_matrix() -> None:
    assert ACTED.keys() == ACTS.keys(), "a new act needs a line in ACTED"


@pytest.mark.parametrize("act", ACTS)
async def test_each_act_is_done_and_audited_for_who_has_its_role_and_for_nobody_else(on: Screen, act: str) -> None:
    for caller, role in CALLERS.items():
        may = role is not None and role.may(ACTS[act].role)
        refused = 401 if role is None else 403
        await on.run("DELETE FROM audit")
        assert await asked(on, "POST", ACTED[act], caller) == (ACTED[act].status if may else refused), caller
        assert [(row["act"], row["role"]) for row in await on.rows("SELECT act, role FROM audit")] == [(act, caller)] * may


@pytest.mark.parametrize("path", ["/nothing", "/static", "/incidents/i-1/nothing/else", "/docs", "/openapi.json", "/v1/people", "/%2e%2e"])
async def test_nobody_learns_which_paths_there_are(on: Screen, path: str) -> None:
    async with on.seen_by(None) as nobody, on.seen_by(Role.OPERATOR) as operator:
        assert [told(await each.get(path)) for each in (nobody, operator)] == [401, 404]


async def test_what_is_not_done_by_a_route_is_done_by_nobody(on: Screen) -> None:
    async with on.seen_by(Role.OPERATOR) as browser:
        for route, ask in ASKS.items():
            for method in ("PUT", "PATCH", "DELETE", "TRACE"):
                assert (await browser.request(method, ask.url)).status_code in (404, 405), f"{method} for {route}"


@pytest.mark.parametrize("caller", CALLERS)
async def test_no_form_of_another_site_gets_in_anywhere(on: Screen, caller: str) -> None:
    async with on.seen_by(CALLERS[caller]) as browser:
        browser.headers["sec-fetch-site"] = "cross-site"
        for route, ask in ASKS.items():
            if route.startswith("POST"):
                assert (await browser.post(ask.url, data=ask.form)).status_code == 403, route
