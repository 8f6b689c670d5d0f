"""Every page can be used by everybody: axe finds nothing, in light, in dark and on a narrow screen, which never scrolls sideways."""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from services.console.sessions.roles import Role
from tests.browser.console import Console, person

PAGES = ("", "keys", "search?q=checkout", "no-such-page")
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 390, "height": 800}},
}


@pytest.mark.parametrize("look", LOOKS)
async def test_axe_finds_nothing(chromium: Browser, console: Console, look: str) -> None:
    await console.incident("i-1", "Checkout fails " + "x" * 120)
    await console.incident("i-2", "Checkout is slow")
    async with person(chromium, console, Role.OPERATOR, allowed=["404"], **LOOKS[look]) as window:
        page = await window.new_page()
        for path in PAGES:
            await page.goto(path, wait_until="load")
            found = await Axe().run(page)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"
