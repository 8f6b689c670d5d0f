"""People sign in through a real OpenID Connect provider on this machine; whatever goes wrong there is a page in words."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from deploy.local.ports import free_port
from shared.settings import Settings
from tests.flow.console_door import AT, Door, door

ROLES = "support=agent,leads=lead,sre=operator"
PEOPLE: tuple[dict[str, Any], ...] = (
    {"sub": "1", "preferred_username": "ada", "email": "ada@example.org", "groups": ["support", "leads"]},
    {"sub": "2", "preferred_username": "bob", "groups": ["kitchen"]},
    {"sub": "3", "preferred_username": "a person with spaces", "groups": ["support"]},
)


@contextmanager
def provider(*more: str) -> Iterator[str]:
    """Runs the provider in a process of its own, for it warns of what is an error in ours; yields its issuer."""
    port = free_port()
    people = [part for each in PEOPLE for part in ("--user-claims", json.dumps(each))]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *people, *more],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(process, port)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the provider has ended"
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError("the provider does not start")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with provider("--require-nonce", "true") as it:
        yield it


def given(issuer: str, **more: Any) -> dict[str, Any]:
    return {
        "oidc_issuer": issuer,
        "oidc_client_id": "console",
        "oidc_client_secret": "its secret at the provider",
        "oidc_roles": ROLES,
        **more,
    }


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
    with provider("--token-max-age", "-300") as issuer:
        async with door(fresh_database, **given(issuer)) as on, on.browser() as browser:
            answer = await back(browser, await at_the_provider(await there(browser), sub="1"))
            assert (answer.status_code, "does not hold" in answer.text) == (422, True)


async def test_who_says_no_at_the_provider_is_told_so_and_finds_the_way_back(fresh_database: Settings, issuer: str) -> None:
    async with door(fresh_database, **given(issuer)) as on, on.browser() as browser:
        url = await there(browser)
        denied = await at_the_provider(url, action="deny")
        [state] = parse_qs(urlsplit(url).query)["state"]
        answer = await back(browser, f"{denied}&state={state}")  # RFC 6749, section 4.1.2.1: a provider says it; this one does not
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
