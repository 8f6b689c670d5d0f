"""A proxy that is listed says who is signed in, by a header; nobody else can, whatever they send."""

from typing import Any

import pytest

from shared.settings import Settings
from tests.flow.console_door import PASSWORD, Door, door

PROXY, ELSEWHERE = "10.1.2.3", "192.0.2.7"
OWN = {"trusted_header": "X-Forwarded-User", "trusted_proxies": "10.0.0.0/8"}
WITH_GROUPS = OWN | {"trusted_groups_header": "X-Forwarded-Groups", "oidc_roles": "support=agent,sre=operator"}
USER, GROUPS = "X-Forwarded-User", "X-Forwarded-Groups"


async def comes_in(on: Door, peer: str, *headers: tuple[str, str], page: str = "/") -> bool:
    """Says whether a page is shown to who sends these headers, in this order, some of them twice."""
    async with on.browser(peer) as browser:
        answer = await browser.get(page, headers=[*headers])
    assert answer.status_code in (200, 303), answer.text
    return answer.status_code == 200


async def test_a_proxy_that_is_listed_names_who_is_signed_in(fresh_database: Settings) -> None:
    async with door(fresh_database, **OWN) as on, on.browser(PROXY, x_forwarded_user="vera") as proxied:
        await on.add("vera", "viewer", None)
        assert (await proxied.get("/")).status_code == 200
        assert (await proxied.post("/unmask", data={"reason": "a call"})).status_code == 303


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        (ELSEWHERE, [(USER, "vera")]),
        (ELSEWHERE, [(USER, "vera"), ("X-Forwarded-For", PROXY)]),
        (ELSEWHERE, [(USER, "vera"), ("X-Real-IP", PROXY), ("Forwarded", f"for={PROXY}")]),
        (PROXY, [(USER, "nobody")]),
        (PROXY, [("X_Forwarded_User", "vera")]),
        (PROXY, [("X-Forwarded_User", "vera")]),
        (PROXY, [("X-Forwarded-User-", "vera"), ("Remote-User", "vera")]),
        (PROXY, [(USER, "vera"), (USER, "nobody")]),  # the client's own, then the proxy's
        (PROXY, [(USER, "nobody"), (USER, "vera")]),
        (PROXY, [(USER, "vera"), (USER, "vera")]),
        (PROXY, [(USER, "vera"), (USER, "")]),
        (PROXY, [(USER, "vera, nobody")]),
        (PROXY, [(USER, "viewer")]),  # a name that nobody can have
        (PROXY, [(USER, "")]),
    ],
)
async def test_nobody_is_let_in_by_a_header_that_the_proxy_did_not_set(
    fresh_database: Settings, peer: str, headers: list[tuple[str, str]]
) -> None:
    async with door(fresh_database, **OWN) as on:
        await on.add("vera", "viewer", None)
        assert not await comes_in(on, peer, *headers)


async def test_what_a_person_of_a_proxy_unmasked_is_nobody_elses_session(fresh_database: Settings) -> None:
    async with (
        door(fresh_database, **OWN) as on,
        on.browser(PROXY, x_forwarded_user="vera") as proxied,
        on.browser(ELSEWHERE) as forger,
    ):
        await on.add("vera", "viewer", None)
        assert (await proxied.post("/unmask", data={"reason": "a call"})).status_code == 303
        forger.cookies.set("__Host-forewarn", "header vera", domain="console.example.com")
        assert (await forger.get("/")).status_code == 303


async def test_where_the_proxy_names_nobody_the_other_ways_in_are_open(fresh_database: Settings) -> None:
    async with door(fresh_database, **OWN) as on, on.browser(PROXY, x_forwarded_user="") as browser:
        await on.add("ada", "agent")
        assert (await browser.post("/sign-in", data={"name": "ada", "password": PASSWORD})).status_code == 303
        assert (await browser.get("/")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "sees"),
    [
        ([(GROUPS, "all, sre")], True),
        ([(GROUPS, "all")], False),
        ([], False),
        ([(GROUPS, "sre"), (GROUPS, "all")], False),  # the client's own, then the proxy's
        ([("X_Forwarded_Groups", "sre")], False),
        ([(GROUPS, "SRE")], False),
        ([(GROUPS, "sre=operator")], False),
    ],
)
async def test_the_groups_that_the_proxy_names_give_the_role(fresh_database: Settings, headers: list[tuple[str, str]], sees: bool) -> None:
    async with door(fresh_database, **WITH_GROUPS) as on:
        assert await comes_in(on, PROXY, (USER, "olga"), *headers, page="/people") == sees


async def test_who_leaves_a_group_has_its_role_no_longer(fresh_database: Settings) -> None:
    async with door(fresh_database, **WITH_GROUPS) as on:
        said: list[Any] = ["sre", "support", ""]
        seen = [await comes_in(on, PROXY, (USER, "olga"), (GROUPS, each)) for each in said]
        [row] = await on.rows("SELECT role FROM people")
    assert (seen, row) == ([True, True, False], {"role": "agent"})
