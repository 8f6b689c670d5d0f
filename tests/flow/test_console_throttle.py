"""Wrong passwords slow down who guesses, wherever they come from, and lock nobody else out."""

from datetime import timedelta

import httpx2
import pytest

from services.console.sessions.cookies import BROWSER
from shared.settings import Settings
from tests.flow.console_door import PASSWORD, Door, door

PROXIED = {"trusted_proxies": "10.0.0.0/8"}


async def tries(browser: httpx2.AsyncClient, name: str, password: str = PASSWORD, *headers: tuple[str, str]) -> int:
    answer = await browser.post("/sign-in", data={"name": name, "password": password}, headers=[*headers])
    return answer.status_code


async def tried_18_times_more(on: Door) -> None:
    """Counts as if each name and address had been tried 18 times more, which would take a while: a password is slow to check."""
    await on.run("UPDATE sign_in_failures SET failures = failures + 18")


async def guess(on: Door, name: str, times: int, peer: str = "203.0.113.5") -> list[int]:
    """Returns what somebody is answered who guesses a person's password."""
    async with on.browser(peer) as guesser:
        return [await tries(guesser, name, f"wrong horse {each}") for each in range(times)]


async def test_nobody_is_locked_out_of_their_own_browser_by_those_who_try_their_name(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as own, on.browser("198.51.100.9") as new:
        await on.add("ada", "agent")
        await on.stop_clock()
        assert await tries(own, "ada") == 303
        assert (await own.post("/sign-out")).status_code == 303
        assert await guess(on, "ada", 7) == [422] * 5 + [429] * 2
        assert await tries(new, "ada") == 429
        assert await tries(own, "ada") == 303
        assert await tries(new, "ada") == 429, "who signs in lets nobody else guess on"


async def test_who_came_in_by_a_link_is_known_in_that_browser_too_and_a_link_waits_for_nothing(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as own:
        await on.add("ada", "agent")
        await on.stop_clock()
        await guess(on, "ada", 6)
        assert await tries(own, "ada") == 429
        await on.enter(own, "ada")
        await own.post("/sign-out")
        assert await tries(own, "ada") == 303


async def test_a_known_browser_waits_for_its_own_failures_which_nobody_else_waits_for(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as own, on.browser("198.51.100.9") as other:
        await on.add("ada", "agent")
        await on.stop_clock()
        await on.enter(own, "ada")
        await own.post("/sign-out")
        assert [await tries(own, "ada", "wrong horse battery") for _ in range(6)] == [422] * 5 + [429]
        assert await tries(own, "ada") == 429
        assert await tries(other, "ada") == 303


async def test_a_browser_that_is_known_of_one_person_guesses_no_others_password_freely(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as own, on.browser("198.51.100.9") as bobs:
        await on.add("ada", "agent")
        await on.add("bob", "operator")
        await on.stop_clock()
        await on.enter(own, "ada")
        assert [await tries(own, "bob", "wrong horse battery") for _ in range(6)] == [422] * 5 + [429]
        assert await tries(bobs, "bob") == 429


@pytest.mark.parametrize("forged", ["", "x", "x" * 43, "x" * 5000])
async def test_an_id_that_the_console_did_not_give_makes_no_browser_known(fresh_database: Settings, forged: str) -> None:
    async with door(fresh_database) as on, on.browser() as forger:
        await on.add("ada", "agent")
        await on.stop_clock()
        forger.cookies.set(BROWSER, forged, domain="console.example.com")
        await guess(on, "ada", 6)
        assert await tries(forger, "ada") == 429


async def test_a_browser_is_known_for_90_days(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as own:
        await on.add("ada", "agent")
        await on.enter(own, "ada")
        for days, answer in ((timedelta(days=90, seconds=-60), 303), (timedelta(days=180), 429)):
            await on.run("DELETE FROM sign_in_failures")
            await on.later(days)
            await guess(on, "ada", 5)
            assert await tries(own, "ada") == answer


async def test_an_address_that_guesses_waits_whatever_names_it_makes_up_and_no_other_address_does(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as guesser, on.browser("198.51.100.9") as other:
        await on.add("ada", "agent")
        await on.stop_clock()
        assert await tries(guesser, "person-0") == 422
        await tried_18_times_more(on)
        assert [await tries(guesser, f"person-{each}") for each in range(1, 20)] == [422] + [429] * 18
        assert await tries(guesser, "ada") == 429
        assert await tries(other, "ada") == 303
        [row] = await on.rows("SELECT count(*) AS kept FROM sign_in_failures")
    assert row["kept"] == 4, "of two names and two addresses; what was tried while it had to wait is not stored"


@pytest.mark.parametrize(
    "said",
    [
        lambda each: [
            ("x-forwarded-for", f"192.0.2.{each}"),
            ("x-forwarded-for", "198.51.100.9"),
        ],
        lambda each: [("x-forwarded-for", f"192.0.2.{each}, 198.51.100.9")],
        lambda each: [("x-forwarded-for", f"198.51.100.9:{50_000 + each}")],
        lambda each: [("x-forwarded-for", f"2001:db8:1:2::{each:x}")],
        lambda each: [("x-forwarded-for", "198.51.100.9"), ("x-real-ip", f"192.0.2.{each}"), ("forwarded", f"for=192.0.2.{each}")],
    ],
    ids=["a line before the proxy's", "before the proxy's", "ports", "one network", "other headers"],
)
async def test_nobody_behind_a_proxy_chooses_the_address_they_come_from(fresh_database: Settings, said: object) -> None:
    assert callable(said)
    async with door(fresh_database, **PROXIED) as on, on.browser("10.0.0.1") as guesser:
        await on.stop_clock()
        assert await tries(guesser, "person-0", PASSWORD, *said(0)) == 422
        await tried_18_times_more(on)
        answers = [await tries(guesser, f"person-{each}", PASSWORD, *said(each)) for each in (1, 2)]
    assert answers == [422, 429]


async def test_people_behind_one_proxy_wait_each_for_their_own_address(fresh_database: Settings) -> None:
    async with door(fresh_database, **PROXIED) as on, on.browser("10.0.0.1") as proxied:
        await on.add("ada", "agent")
        await on.stop_clock()
        assert await tries(proxied, "person-0", PASSWORD, ("x-forwarded-for", "203.0.113.5")) == 422
        await tried_18_times_more(on)
        assert await tries(proxied, "person-1", PASSWORD, ("x-forwarded-for", "203.0.113.5")) == 422
        assert await tries(proxied, "ada", PASSWORD, ("x-forwarded-for", "203.0.113.5")) == 429
        assert await tries(proxied, "ada", PASSWORD, ("x-forwarded-for", "198.51.100.9")) == 303
