"""Open pages stay current, and let go of the server when nobody looks."""

import asyncio
import socket

from playwright.async_api import Browser, expect

from services.console.live.changes import changed, enter
from tests.browser.console import WITHIN, Console, hide, person, running
from tests.flow.console_rows import there_is
from tests.flow.console_screen import PERSON, Screen

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
        await page.get_by_role("button", name="Stop live updates").click()
        await console.until_streams(0)
        await expect(page.locator("#lost")).to_have_text("Live updates are stopped.")
        await console.incident("i-1", "Checkout fails")
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


async def test_the_open_page_of_a_customer_who_is_erased_shows_nothing_of_them(chromium: Browser, on: Screen, console: Console) -> None:
    await there_is(on, "customers")
    async with person(chromium, console, allowed=("404",)) as window:
        page = await window.new_page()
        await page.goto("customers/c-1")
        await expect(page.get_by_role("heading", name="Ada")).to_be_visible()
        await console.until_streams(1)
        async with on.database.transaction() as tx:
            await enter(tx)
            await tx.execute("DELETE FROM customers")
            await changed(tx, ["customer:c-1"])
        await expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
        await expect(page.locator("body")).not_to_contain_text("ada@example.org")


MANY = [f"customer:{number:0190}" for number in range(100)]  # an event of them all is 20 kB


async def test_a_reader_that_takes_nothing_is_let_go(on: Screen) -> None:
    on.settings = on.settings.model_copy(update={"http_answer_seconds": 1.0})
    async with running(on) as console:
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            slow.connect(("127.0.0.1", console.port))
            asked = f"GET /live?keys={'+'.join(MANY)}"
            slow.sendall(f"{asked} HTTP/1.1\r\nHost: localhost:{console.port}\r\n{PERSON}: ada agent\r\n\r\n".encode())
            await console.until_streams(1)
            async with asyncio.timeout(WITHIN / 1000 * 3):
                while console.hub.open_streams:
                    await _change(on, MANY)
                    await asyncio.sleep(0.2)


async def _change(on: Screen, keys: list[str]) -> None:
    async with on.database.transaction() as tx:
        await enter(tx)
        await changed(tx, keys)
