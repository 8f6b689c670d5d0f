"""The console's process dies under an open page and comes back, and a proxy puts a prefix before its paths: nothing is lost or doubled."""

from playwright.async_api import Browser, expect

from tests.browser.proxy import PREFIX, proxy
from tests.browser.stage import AWAY, Stage


async def test_a_console_that_is_killed_and_comes_back_loses_and_doubles_nothing(chromium: Browser, stage: Stage) -> None:
    ticket = await stage.ticket()
    async with stage.person(chromium, allowed=AWAY) as ada:
        page = await ada.opens(ticket)
        text = page.get_by_label("What you write to the customer")
        await text.press_sequentially("Half a sentence")
        stage.kill()
        await expect(page.locator("#lost")).to_contain_text("Not live since")
        await stage.shop.ask(ticket.customer, "Re: Where is my invoice?", "Written while nobody was there")
        await text.press_sequentially(", and the rest")
        await stage.restart()
        await expect(page.locator("#lost")).to_be_hidden()
        await expect(page.locator("[data-region=conversation]")).to_contain_text("Where is my invoice?")
        await expect(text).to_have_value("Half a sentence, and the rest")
        await expect(page.locator("[data-region=beside]")).to_contain_text("Re: Where is my invoice?", timeout=30_000)
        await page.get_by_role("button", name="Send to").click()
        await expect(page.locator("#latest")).to_contain_text("Half a sentence, and the rest")
        await expect(page.locator(".bubble", has_text="Half a sentence, and the rest")).to_have_count(1)
        await ticket.gets("Half a sentence, and the rest")
        await page.reload()
        await expect(page.locator(".bubble", has_text="Half a sentence, and the rest")).to_have_count(1)
