"""Open pages stay current, and let go of the server when nobody looks."""

import asyncio

from playwright.async_api import Browser, expect

from tests.browser.console import Console, hide, person
from tests.flow.console_screen import Screen

AWAY = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET")


async def test_what_changes_arrives_on_the_open_page(chromium: Browser, console: Console) -> None:
    async with person(chromium, console) as window:
        page = await window.new_page()
        await page.goto("")
        await console.until_streams(1)
        await console.incident("i-1", "Checkout fails")
        await expect(page.get_by_role("link", name="Checkout fails")).to_be_visible()


async def test_a_change_between_the_drawing_and_the_stream_is_not_lost(chromium: Browser, console: Console) -> None:
    async with person(chromium, console) as window:
        page = await window.new_page()

        async def slowly(route: object) -> None:
            await console.incident("i-1", "Checkout fails")
            await route.continue_()  # type: ignore[attr-defined]

        await page.route("**/live*", slowly, times=1)
        await page.goto("")
        await expect(page.get_by_role("link", name="Checkout fails")).to_be_visible()


async def test_ten_tabs_load_and_hidden_ones_let_go(chromium: Browser, console: Console) -> None:
    async with person(chromium, console) as window:
        tabs = []
        for _ in range(10):
            page = await window.new_page()
            await page.goto("")
            await expect(page.get_by_role("heading", name="Open incidents")).to_be_visible()
            await hide(page, hidden=True)
            tabs.append(page)
        await console.until_streams(0)
        await console.incident("i-1", "Checkout fails")
        await hide(tabs[0], hidden=False)
        await console.until_streams(1)
        await expect(tabs[0].get_by_role("link", name="Checkout fails")).to_be_visible()


async def test_a_server_that_comes_back_has_the_page_hear_what_it_missed(chromium: Browser, on: Screen, console: Console) -> None:
    async with person(chromium, console, allowed=AWAY) as window:
        page = await window.new_page()
        await page.goto("")
        await console.until_streams(1)
        await console.stop()
        await expect(page.locator("#lost")).to_contain_text("Not live since")
        await console.incident("i-1", "Checkout fails")
        await console.start()
        await expect(page.get_by_role("link", name="Checkout fails")).to_have_count(1)
        await expect(page.locator("#lost")).to_be_hidden()


async def test_live_updates_can_be_stopped(chromium: Browser, console: Console) -> None:
    async with person(chromium, console) as window:
        page = await window.new_page()
        await page.goto("")
        async with page.expect_request("**/live?keys=erased&*"):  # of erasures it goes on to hear
            await page.get_by_role("button", name="Stop live updates").click()
        await expect(page.locator("#lost")).to_have_text("Live updates are stopped.")
        await console.incident("i-1", "Checkout fails")
        await expect(page.get_by_role("link", name="Checkout fails")).to_have_count(0)
        await page.get_by_role("button", name="Go on with live updates").click()
        await expect(page.get_by_role("link", name="Checkout fails")).to_be_visible()


async def test_open_streams_end_at_once_with_the_process(chromium: Browser, console: Console) -> None:
    async with person(chromium, console, allowed=AWAY) as window:
        for _ in range(3):
            await (await window.new_page()).goto("")
        await console.until_streams(3)
        before = asyncio.get_running_loop().time()
        await console.stop()
        assert asyncio.get_running_loop().time() - before < 1
        await console.start()
