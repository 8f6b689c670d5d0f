"""The event stream of open pages, who looks at a ticket, and the search."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from services.console.live.hub import PER_SESSION
from services.console.live.streams import Stream
from services.console.sessions.roles import Role
from shared.settings import Settings
from tests.flow.console_rows import there_is
from tests.flow.console_screen import Screen, screen
from tests.flow.console_streams import note, told

WITHIN = 5  # seconds


@asynccontextmanager
async def live(settings: Settings) -> AsyncIterator[Screen]:
    """Yields a console whose hub works."""
    async with screen(settings) as on:
        working = [asyncio.create_task(each) for each in (on.hub.run(), on.database.listen())]
        try:
            yield on
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)


def page(*keys: str, person: str = "ada", last: int = 0) -> Stream:
    return Stream(frozenset(keys), person, b"", last)


async def test_a_stream_hears_of_its_own_keys_alone(fresh_database: Settings) -> None:
    async with live(fresh_database) as on:
        await note(on, "incidents")
        async with asyncio.timeout(WITHIN):
            while on.hub.last != 1:  # noqa: ASYNC110  the hub decides when it has read
                await asyncio.sleep(0.02)
        stream = page("tickets", last=1)
        with on.hub.fed(stream):
            await note(on, "incidents", "tickets")
            assert await told(stream) == ["tickets"]


async def viewers(on: Screen) -> str:
    """Returns who else has the ticket open, as its page says it to ada."""
    shown = re.search(r"Also open</span> ([^<]*)</p>", await on.page("/tickets/1042"))
    return shown[1].strip() if shown else ""


async def until_viewers(on: Screen, names: str) -> None:
    async with asyncio.timeout(WITHIN):
        while await viewers(on) != names:  # noqa: ASYNC110  the hub decides when
            await asyncio.sleep(0.02)


async def test_who_opens_a_ticket_is_seen_until_they_leave(fresh_database: Settings) -> None:
    async with live(fresh_database) as on:
        await there_is(on, "tickets")
        mine = page("ticket:t-1", person="ada")
        with on.hub.fed(mine):
            await told(mine)
            with on.hub.fed(page("ticket:t-1", person="grace")):
                await until_viewers(on, "grace")
            await until_viewers(on, "")


async def test_a_row_that_nobody_refreshes_does_not_count(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on:
        await there_is(on, "tickets")
        for person, age in (("grace", timedelta(seconds=31)), ("bob", timedelta(seconds=20))):
            await on.run("INSERT INTO viewing VALUES ('t-1', gen_random_uuid(), $1, clock() - $2::interval)", person, age)
        assert await viewers(on) == "bob"


async def test_a_session_has_only_so_many_streams(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.AGENT) as browser:
        held = [on.hub.fed(page("tickets")) for _ in range(PER_SESSION)]
        for each in held:
            each.__enter__()
        answer = await browser.get("/live?keys=tickets")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        for each in held:
            each.__exit__(None, None, None)
        assert on.hub.open_streams == 0


async def test_nobody_hears_anything_without_signing_in(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(None) as browser:
        assert (await browser.get("/live?keys=tickets")).status_code == 401


async def test_search_leads_to_the_one_thing_that_is_named(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on:
        await on.run("INSERT INTO customers (id, name, addresses, updated_at) VALUES ('c/1', 'Ada', '{ada@example.org}', clock())")
        async with on.seen_by(Role.AGENT) as browser:
            for text in ("c/1", "ADA@example.org"):
                answer = await browser.get("/search", params={"q": text})
                assert (answer.status_code, answer.headers["location"]) == (303, "/customers/c%2F1")


async def test_the_search_says_how_many_titles_it_looks_through(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.VIEWER) as browser:
        words, number = (await browser.get("/search?q=checkout")).text, (await browser.get("/search?q=17")).text
    assert "among the latest 1\u202f000 incidents" in words or "among the latest 1 000 incidents" in words
    assert "among the latest" not in number


async def test_a_viewer_finds_nobody_by_a_mail_address(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on:
        await on.run("INSERT INTO customers (id, name, addresses, updated_at) VALUES ('c/1', 'Ada', '{ada@example.org}', clock())")
        async with on.seen_by(Role.VIEWER) as browser:
            answer = await browser.get("/search", params={"q": "ada@example.org"})
    assert answer.status_code == 200
    assert "Nothing is known by that." in answer.text


async def test_files_are_cached_for_good_by_their_version_alone(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.VIEWER) as browser:
        address = (await browser.get("/")).text.partition('rel="stylesheet" href="')[2].partition('"')[0]
        assert "immutable" in (await browser.get(address)).headers["cache-control"]
        assert (await browser.get("/static/forewarn.css?v=old")).headers["cache-control"] == "no-cache"
        assert (await browser.get("/static/nothing.css")).status_code == 404
