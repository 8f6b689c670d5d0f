"""The console works behind a proxy that puts a prefix before its paths."""

from playwright.async_api import Browser, expect

from deploy.local.ports import free_port
from tests.browser.console import A_TICKET, person, running
from tests.browser.proxy import PREFIX, proxy
from tests.flow.console_screen import Screen


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
