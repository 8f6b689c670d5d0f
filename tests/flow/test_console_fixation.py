"""Nobody puts a person into a session of somebody else's: ids are made at sign-in, links work once, foreign forms are refused."""

import asyncio

import pytest

from services.console.sessions.cookies import BROWSER, SESSION
from shared.settings import Settings
from tests.flow.console_door import AT, PASSWORD, door

HOST = "console.example.com"


async def test_an_id_that_was_planted_before_signing_in_is_no_session_afterwards(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as victim, on.browser() as thief:
        await on.add("ada", "agent")
        for browser in (victim, thief):
            browser.cookies.set(SESSION, "planted", domain=HOST)
        entered = await victim.post("/sign-in", data={"name": "ada", "password": PASSWORD})
        assert entered.status_code == 303
        assert (await thief.get("/")).status_code == 303
        [row] = await on.rows("SELECT count(*) AS sessions FROM sessions")
    assert row["sessions"] == 1


async def test_a_session_that_was_planted_ends_when_its_browser_signs_in(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as victim, on.browser() as thief:
        await on.add("ada", "agent")
        await on.add("eve", "viewer", None)
        await on.enter(thief, "eve")
        victim.cookies.set(SESSION, thief.cookies[SESSION], domain=HOST)
        await on.enter(victim, "ada")
        assert [(await each.get("/")).status_code for each in (victim, thief)] == [200, 303]
        assert ">ada<" in (await victim.get("/")).text


async def test_each_sign_in_makes_another_id(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent", None)
        ids = []
        for _ in range(3):
            await on.enter(browser, "ada")
            ids.append(browser.cookies[SESSION])
        [row] = await on.rows("SELECT count(*) AS sessions FROM sessions")
    assert (len(set(ids)), row["sessions"]) == (3, 1)


async def test_of_many_who_use_one_link_at_once_one_comes_in(fresh_database: Settings) -> None:
    async with door(fresh_database) as on:
        await on.add("ada", "agent", None)
        link = await on.link("ada")

        async def press() -> tuple[int, bool]:
            async with on.browser() as browser:
                answer = await browser.post(link)
                return answer.status_code, (await browser.get("/")).status_code == 200

        outcomes = await asyncio.gather(*(press() for _ in range(8)))
        [row] = await on.rows("SELECT count(*) AS sessions FROM sessions")
    assert sorted(outcomes) == [(303, True)] + [(404, False)] * 7
    assert row["sessions"] == 1


@pytest.mark.parametrize("value", [b"", b"x" * 5000, b"header:ada", b'"', b"a=b", b"\xc3\xa9", b"\xff"])
async def test_a_cookie_that_is_none_of_ours_signs_nobody_in_and_is_no_error(fresh_database: Settings, value: bytes) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        cookies = b"; ".join(name.encode() + b"=" + value for name in (SESSION, BROWSER))
        assert (await browser.get("/", headers=[(b"cookie", cookies)])).status_code == 303
        wrong = await browser.post("/sign-in", data={"name": "ada", "password": PASSWORD}, headers=[(b"cookie", cookies)])
        assert wrong.status_code == 422


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("origin", "null")],
        [("origin", "")],
        [("origin", f"{AT}.evil.example")],
        [("origin", AT.replace("https", "http"))],
        [("origin", f"{AT}:8443")],
        [("origin", AT.upper())],
        [("referer", f"{AT}/")],
        [("sec-fetch-site", "none")],
        [("sec-fetch-site", "none"), ("origin", AT)],
        [("sec-fetch-site", "same-site"), ("origin", AT)],
        [("sec-fetch-site", "Same-Origin")],
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-origin")],
        [("sec-fetch-site", ""), ("origin", AT)],
    ],
    ids=str,
)
async def test_a_form_that_does_not_come_from_a_page_of_ours_does_nothing(fresh_database: Settings, headers: list[tuple[str, str]]) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent", None)
        await on.enter(browser, "ada")
        del browser.headers["sec-fetch-site"]
        assert (await browser.post("/sign-out", headers=headers)).status_code == 403
        assert (await browser.get("/")).status_code == 200


async def test_where_a_browser_says_only_the_origin_a_form_of_ours_is_taken(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent", None)
        await on.enter(browser, "ada")
        del browser.headers["sec-fetch-site"]
        assert (await browser.post("/sign-out", headers={"origin": AT})).status_code == 303


async def test_nobody_is_signed_in_as_somebody_else_by_a_form_of_another_site(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser(sec_fetch_site="cross-site") as victim:
        await on.add("eve", "viewer")
        assert (await victim.post("/sign-in", data={"name": "eve", "password": PASSWORD})).status_code == 403
        assert (await victim.post(await on.link("eve"))).status_code == 403
        assert SESSION not in victim.cookies
