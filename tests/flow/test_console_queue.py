"""The queue on the screen: what waits for a person, in which order, and what it is about."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape

import pytest

from services.console.sessions.roles import Role
from shared.settings import Settings
from tests.flow.console_rows import EVIL, NOW, there_is
from tests.flow.console_screen import Screen, screen


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Screen]:
    async with screen(fresh_database) as it:
        for table in ("customers", "incidents"):
            await there_is(it, table)
        yield it


async def ticket(on: Screen, number: int, **columns: object) -> None:
    await there_is(on, "tickets", **{"id": f"t-{number}", "number": number, "subject": f"About {number}", **columns})


async def page(on: Screen, query: str = "", role: Role = Role.AGENT) -> str:
    return await on.page(f"/queue{query}", role)


def numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r'data-row="(\d+)"', text)]


async def test_the_clock_comes_first_and_then_the_age(on: Screen) -> None:
    await ticket(on, 1, due_at=NOW + timedelta(hours=12, minutes=30))
    await ticket(on, 2, due_at=NOW - timedelta(hours=13, minutes=30))
    await ticket(on, 3, due_at=NOW, responded_at=NOW, opened_at=NOW - timedelta(hours=2))
    await ticket(on, 4, due_at=None, opened_at=NOW - timedelta(hours=3))
    await ticket(on, 5, status="waiting")
    await ticket(on, 6, status="closed")
    text = await page(on)
    assert numbers(text) == [2, 1, 4, 3]
    assert "first response missed by 13 h" in text
    assert numbers(await page(on, "?order=oldest")) == [4, 3, 1, 2]
    assert numbers(await page(on, "?status=waiting")) == [5]


async def test_filters_are_links(on: Screen) -> None:
    await ticket(on, 1, assignee="ada", status="in_progress")
    await ticket(on, 2, assignee="bob", status="in_progress", incident_id="i-1")
    await ticket(on, 3)
    for order in ("clock", "oldest"):
        assert numbers(await page(on, f"?whose=me&order={order}")) == [1]
        assert numbers(await page(on, f"?whose=nobody&order={order}")) == [3]
        assert numbers(await page(on, f"?incident=i-1&order={order}")) == [2]
        assert numbers(await page(on, f"?incident=none&order={order}")) == [1, 3]


async def test_an_empty_queue_leads_to_what_was_answered_automatically(on: Screen) -> None:
    await ticket(on, 1, status="waiting", incident_id="i-1")
    text = await page(on, "?incident=i-1")
    [link] = re.findall(r'<a href="([^"]+)">show what waits so</a>', text)
    assert numbers(await page(on, "?" + unescape(link).partition("?")[2])) == [1]
    assert "show what waits so" not in await page(on, "?status=open")


async def test_it_is_grouped_by_incident(on: Screen) -> None:
    for number in range(1, 4):
        await ticket(on, number, incident_id="i-1" if number < 3 else None)
    assert "2 of 3 are about Checkout is failing" in await page(on)


@pytest.mark.parametrize("order", ["clock", "oldest"])
async def test_pages_follow_one_another(on: Screen, order: str) -> None:
    for number in range(1, 131):
        responded = NOW if number % 3 == 0 else None
        await ticket(
            on, number, responded_at=responded, opened_at=NOW - timedelta(minutes=number // 2), status=("open", "in_progress")[number % 2]
        )
    seen: list[int] = []
    query = f"?order={order}"
    while query:
        text = await page(on, query)
        seen += numbers(text)
        following = re.findall(r'rel="next"[^>]* href="([^"]+)"', text)
        query = following[0].replace("&amp;", "&") if following else ""
    assert sorted(seen) == list(range(1, 131))


async def test_a_cursor_that_is_not_ours_is_refused(on: Screen) -> None:
    async with on.seen_by(Role.AGENT) as browser:
        assert (await browser.get("/queue?cursor=abc")).status_code == 422


async def test_a_viewer_sees_no_names_and_nothing_becomes_markup(on: Screen) -> None:
    await on.run("UPDATE customers SET name = $1", EVIL)
    await on.run("UPDATE incidents SET title = $1", EVIL)
    await ticket(on, 1, subject=EVIL, incident_id="i-1", assignee=EVIL)
    assert "<script>alert" not in await page(on)
    await on.run("UPDATE customers SET name = 'Ada'")
    await on.run("UPDATE tickets SET subject = 'My card 4711'")
    masked = await page(on, role=Role.VIEWER)
    assert ">Ada<" not in masked
    assert "4711" not in masked
