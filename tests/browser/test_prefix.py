"""The console works behind a proxy that puts a prefix before its paths."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, expect

from tests.browser.console import A_TICKET, free_port, person, running
from tests.flow.console_screen import Screen

PREFIX = b"/support/desk"


@asynccontextmanager
async def proxy(port: int, to: int) -> AsyncIterator[None]:
    """Runs a proxy that takes the prefix off each request's path, and ends each connection with its answer."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while b"\r\n\r\n" in (head := await reader.readuntil(b"\r\n\r\n")):
                method, _, rest = head.partition(b" ")
                if not rest.startswith(PREFIX):
                    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    return
                ours, theirs = await asyncio.open_connection("127.0.0.1", to)
                first, _, headers = rest.removeprefix(PREFIX).partition(b"\r\n")
                theirs.write(method + b" " + first + b"\r\nConnection: close\r\n" + headers)
                while part := await ours.read(65536):
                    writer.write(part)
                    await writer.drain()
                theirs.close()
                return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(carry, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()


async def test_links_files_redirects_and_the_stream_carry_the_prefix(chromium: Browser, on: Screen) -> None:
    seen_at = free_port()
    await on.run(A_TICKET, 4711)
    async with (
        running(on, prefix=PREFIX.decode(), seen_at=seen_at) as console,
        proxy(seen_at, console.port),
        person(chromium, console, allowed=["404 (Not Found)"]) as window,
    ):
        page = await window.new_page()
        await page.goto("")
        await console.until_streams(1)
        await console.incident("i-1", "Checkout fails")
        await expect(page.get_by_role("link", name="Checkout fails")).to_be_visible()
        await page.get_by_role("searchbox").fill("4711")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{console.url}/tickets/4711")
