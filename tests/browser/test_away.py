"""The console's process dies under an open page and comes back, and a proxy puts a prefix before its paths: nothing is lost or doubled."""

from playwright.async_api import Browser, expect

from tests.browser.console import free_port
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


async def test_behind_a_prefix_people_sign_in_go_about_act_and_stay_current(chromium: Browser, stage: Stage) -> None:
    ticket, seen_at = await stage.ticket(), free_port()
    at = f"http://localhost:{seen_at}{PREFIX.decode()}"
    await stage.restart(FOREWARN_CONSOLE_URL=at)
    async with proxy(seen_at, stage.port), stage.person(chromium, at=at) as ada:
        page = await ada.opens(ticket)
        await expect(page).to_have_url(f"{at}/{ticket.path}")
        await stage.shop.ask(ticket.customer, "One more thing", "It is urgent.")
        await expect(page.locator("[data-region=beside]")).to_contain_text("One more thing")
        await page.get_by_role("button", name="Assign to me").click()
        await expect(page.locator("[data-region=ticket]")).to_contain_text(f"with {ada.name}")
        await page.get_by_label("What you write to the customer").fill("Through the proxy")
        await page.get_by_role("button", name="Send to").click()
        await expect(page.locator("#latest")).to_contain_text("Through the proxy")
        await page.get_by_role("link", name="Queue", exact=True).first.click()
        await expect(page).to_have_url(f"{at}/queue")
        await page.get_by_role("button", name="Sign out").click()
        await expect(page).to_have_url(f"{at}/sign-in")
    await ticket.gets("Through the proxy")
    await stage.restart()
