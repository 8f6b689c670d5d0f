"""Who may ask what: every route of the pages, as nobody and as each role. A new route needs a line here.

What is asked holds nothing, so whoever gets in sees a page, is led on, or is told what does not fit: never 401 or 403.
"""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from services.console.sessions.roles import Role
from shared.settings import Settings
from tests.flow.console_screen import Screen, screen

ANYBODY = None
# The least role of each route; None: whoever is not signed in gets in, too.
LEAST: dict[tuple[str, str], Role | None] = {
    ("GET", "/static/{name}"): ANYBODY,
    ("GET", "/sign-in"): ANYBODY,
    ("POST", "/sign-in"): ANYBODY,
    ("GET", "/sign-in/provider"): ANYBODY,
    ("GET", "/sign-in/callback"): ANYBODY,
    ("GET", "/enter/{link}"): ANYBODY,
    ("POST", "/enter/{link}"): ANYBODY,
    ("POST", "/sign-out"): Role.VIEWER,
    ("GET", "/unmask"): Role.VIEWER,
    ("POST", "/unmask"): Role.VIEWER,
    ("POST", "/mask"): Role.VIEWER,
    ("GET", "/"): Role.VIEWER,
    ("GET", "/live"): Role.VIEWER,
    ("GET", "/people"): Role.OPERATOR,
    ("POST", "/people/add"): Role.OPERATOR,
    ("POST", "/people/role"): Role.OPERATOR,
    ("POST", "/people/disable"): Role.OPERATOR,
    ("POST", "/people/end-sessions"): Role.OPERATOR,
    ("POST", "/people/remove"): Role.OPERATOR,
    ("POST", "/people/link"): Role.OPERATOR,
}


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Screen]:
    async with screen(fresh_database) as it:
        yield it


def routes(on: Screen) -> set[tuple[str, str]]:
    found = iter_route_contexts(on.app.routes)
    return {(method, route.path) for route in found if route.path for method in (route.methods or set()) - {"HEAD"}}


async def ask(browser: httpx2.AsyncClient, method: str, path: str) -> int:
    return (await browser.request(method, re.sub(r"\{[\w:]+\}", "1", path), headers={"accept": "text/html"})).status_code


async def test_every_route_has_a_line_and_every_line_is_a_route(on: Screen) -> None:
    assert routes(on) == LEAST.keys()


@pytest.mark.parametrize("role", [None, *Role])
async def test_a_role_gets_in_where_its_line_says_and_nowhere_else(on: Screen, role: Role | None) -> None:
    async with on.seen_by(role) as browser:
        for (method, path), least in LEAST.items():
            status = await ask(browser, method, path)
            if least is ANYBODY or (role is not None and role.may(least)):
                assert status not in (401, 403, 500), (method, path, status)
            elif role is None:
                assert status == (303 if method == "GET" and path != "/live" else 401), (method, path, status)
            else:
                assert status == 403, (method, path, status)


@pytest.mark.parametrize("role", [None, *Role])
async def test_no_form_of_another_site_gets_in_anywhere(on: Screen, role: Role | None) -> None:
    async with on.seen_by(role) as browser:
        browser.headers["sec-fetch-site"] = "cross-site"
        for method, path in LEAST:
            if method != "GET":
                assert await ask(browser, method, path) == 403, (method, path)


async def test_a_path_that_is_not_there_says_so_only_to_who_is_signed_in(on: Screen) -> None:
    async with on.seen_by(None) as nobody, on.seen_by(Role.VIEWER) as viewer:
        assert (await ask(nobody, "GET", "/nothing"), await ask(viewer, "GET", "/nothing")) == (303, 404)
