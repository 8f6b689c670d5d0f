"""Pages are used by keys alone, and without a script."""

from playwright.async_api import Browser, expect

from tests.browser.console import A_TICKET, Console, person


async def test_keys_lead_to_help_search_and_pages(chromium: Browser, console: Console) -> None:
    async with person(chromium, console) as window:
        page = await window.new_page()
        await page.goto("keys")
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await page.keyboard.press("/")
        await expect(page.get_by_role("searchbox")).to_be_focused()
        await page.keyboard.type("g?n")
        await expect(page.get_by_role("searchbox")).to_have_value("g?n")
        await page.keyboard.press("Escape")
        await page.keyboard.press("g")
        await page.keyboard.press("n")
        await expect(page).to_have_title("Now · Forewarn")


async def test_rows_are_walked_and_opened_by_keys(chromium: Browser, console: Console) -> None:
    await console.incident("i-1", "Checkout fails")
    await console.incident("i-2", "Checkout is slow")
    async with person(chromium, console, allowed=["404"]) as window:
        page = await window.new_page()
        await page.goto("search?q=checkout")
        for key in ("j", "j", "k", "j"):
            await page.keyboard.press(key)
        await expect(page.get_by_role("link", name="Checkout fails")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{console.url}/incidents/i-1")


async def test_without_a_script_the_search_and_the_keys_are_there(chromium: Browser, console: Console) -> None:
    await console.incident("i-1", "Checkout fails")
    await console.on.run(A_TICKET, 4711)
    async with person(chromium, console, java_script_enabled=False, allowed=["404"]) as window:
        page = await window.new_page()
        await page.goto("")
        await page.get_by_role("link", name="Keys").click()
        await expect(page.get_by_role("heading", name="Keys", level=1)).to_be_visible()
        await page.get_by_role("searchbox").fill("#4711")
        await page.get_by_role("button", name="Search").click()
        await expect(page).to_have_url(f"{console.url}/tickets/4711")
