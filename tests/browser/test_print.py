"""A printed page has what it says, and nothing that only a screen can do."""

import pytest
from playwright.async_api import Browser, expect

from services.console.sessions.roles import Role
from tests.browser.console import Console, person
from tests.flow.console_rows import there_is
from tests.flow.console_screen import Screen

TABLES = ("customers", "incidents", "impact", "tickets", "messages", "notifications")
ONLY_ON_SCREEN = "nav, form, button, input, textarea, dialog, .skip, .actions"
SAID = {"": "Checkout is failing", "queue": "Cannot pay", "tickets/1042": "The checkout hangs.", "customers/c-1": "ada@example.org"}


@pytest.mark.parametrize("path", SAID)
async def test_a_printed_page_has_no_navigation_forms_and_addresses(chromium: Browser, on: Screen, console: Console, path: str) -> None:
    for table in TABLES:
        await there_is(on, table)
    async with person(chromium, console, Role.OPERATOR) as window:
        page = await window.new_page()
        await page.goto(path)
        await page.emulate_media(media="print", color_scheme="dark")
        await expect(page.locator("main").get_by_text(SAID[path]).first).to_be_visible()
        seen = [
            await each.evaluate("each => each.outerHTML") for each in await page.locator(ONLY_ON_SCREEN).all() if await each.is_visible()
        ]
        behind = await page.evaluate("""() => [...document.querySelectorAll("main a")].map((each) =>
            getComputedStyle(each, "::after").content).filter((content) => content.includes("/"))""")
        colours = await page.evaluate("() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    assert seen == []
    assert behind == []
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
