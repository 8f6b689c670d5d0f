"""People sign in through a real OpenID Connect provider on this machine; whatever goes wrong there is a page in words."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from oidc_provider_mock import User, run_server_in_thread

from deploy.local.processes import free_port
from shared.settings import Settings
from tests.flow.console_door import AT, Door, door

PEOPLE = (
    User(sub="1", claims={"preferred_username": "ada", "email": "ada@example.org", "groups": ["support", "leads"]}),
    User(sub="2", claims={"preferred_username": "bob", "groups": ["kitchen"]}),
    User(sub="3", claims={"preferred_username": "a person with spaces", "groups": ["support"]}),
)


@pytest.fixture
def issuer() -> Iterator[str]:
    with run_server_in_thread(require_nonce=True, user_claims=PEOPLE) as server:
        yield f"http://localhost:{server.server_port}"


def given(issuer: str, **more: Any) -> dict[str, Any]:
    return {"oidc_issuer": issuer, "oidc_client_id": "console", "oidc_roles": "support=agent,leads=lead,sre=operator", **more}


async def at_the_provider(url: str, **form: str) -> str:
    """Answers the provider's form as a person does; returns where it leads then."""
    async with httpx2.AsyncClient() as outside:
        answer = await outside.post(url, data=form)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


async def there(browser: httpx2.AsyncClient, page: str = "/queue") -> str:
    answer = await browser.get("/sign-in/provider", params={"next": page})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def back(browser: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await browser.get(url.removeprefix(AT), headers={"sec-fetch-site": "cross-site"})


async def came_in(on: Door, browser: httpx2.AsyncClient) -> bool:
    return (await browser.get("/")).status_code == 200


async def test_a_person_of_a_group_comes_in_with_its_highest_role_and_to_the_page_that_was_asked_for(
    fresh_database: Settings, issuer: str
) -> None:
    async with door(fresh_database, **given(issuer)) as on, on.browser() as browser:
        url = await there(browser)
        asked = parse_qs(urlsplit(url).query)
        answer = await back(browser, await at_the_provider(url, sub="1"))
        assert asked["code_challenge_method"] == ["S256"]
        assert {"state", "nonce", "code_challenge"} <= asked.keys()
        assert (answer.status_code, answer.headers["location"]) == (303, "/queue"), answer.text
        assert await came_in(on, browser)
        [row] = await on.rows("SELECT name, role, subject, password FROM people")
    assert row == {"name": "ada", "role": "lead", "subject": f"{issuer} 1", "password": None}


async def test_who_is_in_no_group_that_has_a_role_does_not_come_in(fresh_database: Settings, issuer: str) -> None:
    async with door(fresh_database, **given(issuer)) as on, on.browser() as browser:
        answer = await back(browser, await at_the_provider(await there(browser), sub="2"))
        assert (answer.status_code, "none of the groups" in answer.text) == (422, True)
        assert not await came_in(on, browser)
        assert await on.rows("SELECT FROM people") == []


async def test_nobody_takes_a_name_that_somebody_has(fresh_database: Settings, issuer: str) -> None:
    async with door(fresh_database, **given(issuer)) as on, on.browser() as browser:
        await on.add("ada", "operator", None)
        answer = await back(browser, await at_the_provider(await there(browser), sub="1"))
        assert "Somebody else is called as you are" in answer.text
        assert not await came_in(on, browser)


async def test_who_has_no_name_that_can_be_used_does_not_come_in(fresh_database: Settings, issuer: str) -> None:
    async with door(fresh_database, **given(issuer)) as on, on.browser() as browser:
        answer = await back(browser, await at_the_provider(await there(browser), sub="3"))
        assert "no name that Forewarn can use" in answer.text


async def test_who_may_not_sign_in_does_not_through_the_provider_either(fresh_database: Settings, issuer: str) -> None:
    async with door(fresh_database, **given(issuer)) as on, on.browser() as browser:
        await back(browser, await at_the_provider(await there(browser), sub="1"))
        await on.ask("PATCH", "/v1/people/ada", json={"disabled": True})
        answer = await back(browser, await at_the_provider(await there(browser), sub="1"))
        assert "may not sign in at present" in answer.text


async def test_another_state_another_browser_and_an_answer_used_twice_are_refused(fresh_database: Settings, issuer: str) -> None:
    async with door(fresh_database, **given(issuer)) as on, on.browser() as browser, on.browser() as thief:
        answered = await at_the_provider(await there(browser), sub="1")
        stolen = await back(thief, answered)
        other = await back(browser, answered.replace("state=", "state=x"))
        used = await back(browser, answered)
        for answer in (stolen, other, used):
            assert (answer.status_code, "begin anew" in answer.text) == (422, True)
        assert not await came_in(on, browser)


async def test_an_answer_for_another_nonce_is_refused(fresh_database: Settings, issuer: str) -> None:
    async with door(fresh_database, **given(issuer)) as on, on.browser() as browser:
        answered = await at_the_provider(await there(browser), sub="1")
        await on.run("UPDATE provider_attempts SET nonce = 'another'")
        answer = await back(browser, answered)
        assert (answer.status_code, "does not hold" in answer.text) == (422, True)
        assert not await came_in(on, browser)


async def test_an_attempt_is_over_after_ten_minutes(fresh_database: Settings, issuer: str) -> None:
    async with door(fresh_database, **given(issuer)) as on, on.browser() as browser:
        answered = await at_the_provider(await there(browser), sub="1")
        await on.later(timedelta(minutes=10))
        assert "begin anew" in (await back(browser, answered)).text


async def test_a_token_that_is_over_is_refused(fresh_database: Settings) -> None:
    with run_server_in_thread(user_claims=PEOPLE, access_token_max_age=timedelta(minutes=-5)) as server:
        issuer = f"http://localhost:{server.server_port}"
        async with door(fresh_database, **given(issuer)) as on, on.browser() as browser:
            answer = await back(browser, await at_the_provider(await there(browser), sub="1"))
            assert (answer.status_code, "does not hold" in answer.text) == (422, True)


async def test_who_says_no_at_the_provider_is_told_so_and_finds_the_way_back(fresh_database: Settings, issuer: str) -> None:
    async with door(fresh_database, **given(issuer)) as on, on.browser() as browser:
        answer = await back(browser, await at_the_provider(await there(browser), action="deny"))
        assert (answer.status_code, "said no" in answer.text) == (422, True)
        assert "/sign-in/provider?next=%2Fqueue" in answer.text


async def test_while_the_provider_is_away_there_is_a_page_that_says_so(fresh_database: Settings) -> None:
    async with door(fresh_database, **given(f"http://localhost:{free_port()}")) as on, on.browser() as browser:
        answer = await browser.get("/sign-in/provider")
        assert (answer.status_code, "does not answer" in answer.text) == (422, True)


async def test_without_a_provider_there_is_no_way_to_one(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        assert (await browser.get("/sign-in/provider")).status_code == 404
        assert "organisation" not in (await browser.get("/sign-in")).text


async def test_a_proxy_that_is_listed_names_who_is_signed_in_and_nobody_else_can(fresh_database: Settings) -> None:
    own = {"trusted_header": "X-Forwarded-User", "trusted_proxies": "10.0.0.0/8"}
    async with (
        door(fresh_database, **own) as on,
        on.browser("10.1.2.3", x_forwarded_user="vera") as proxied,
        on.browser("192.0.2.7", x_forwarded_user="vera") as forger,
        on.browser("10.1.2.3", x_forwarded_user="nobody") as stranger,
    ):
        await on.add("vera", "viewer", None)
        assert [(await each.get("/")).status_code for each in (proxied, forger, stranger)] == [200, 303, 303]
        assert (await proxied.post("/unmask", data={"reason": "a call"})).status_code == 303
        forger.cookies.set("__Host-forewarn", "header vera", domain="console.example.com")
        assert (await forger.get("/", headers={"x-forwarded-user": ""})).status_code == 303


async def test_the_groups_that_a_proxy_names_give_the_role(fresh_database: Settings) -> None:
    own = {"trusted_header": "X-User", "trusted_groups_header": "X-Groups", "trusted_proxies": "10.0.0.1", "oidc_roles": "sre=operator"}
    async with (
        door(fresh_database, **own) as on,
        on.browser("10.0.0.1", x_user="olga", x_groups="all, sre") as olga,
        on.browser("10.0.0.1", x_user="bob", x_groups="all") as bob,
    ):
        assert [(await each.get("/people")).status_code for each in (olga, bob)] == [200, 303]
