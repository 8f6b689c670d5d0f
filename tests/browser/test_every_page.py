"""Every page, filled with data, can be used by everybody: axe finds nothing in light, in dark and on a narrow screen."""

from datetime import UTC, datetime

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from services.console.pages import PAGES
from services.console.sessions.roles import Role
from tests.browser.console import Console, person
from tests.browser.test_accessible import LOOKS
from tests.flow.console_screen import PERSON
from tests.flow.console_story import CHECKOUT, SEARCH, tell

SEEN = (
    "",
    "incidents",
    f"incidents/{CHECKOUT}",
    f"incidents/{SEARCH}",
    f"incidents/{CHECKOUT}/affected",
    "tickets/1001",
    "tickets/1005",
    "tickets/1006",
    "tickets/1008",
    "queue",
    "customers/c-1",
    "customers/c-13",
    "why?customer=c-1",
    f"why?customer=c-13&incident={CHECKOUT}",
    f"why?customer=c-1&incident={CHECKOUT}",
    "health",
    "audit",
    "people",
    "search?q=checkout",
    "keys",
    "tickets/9999",
)
ALONE = ("unmask", "incidents?state=ended", "queue?whose=nobody&order=oldest", "customers/nobody", "people")  # as a viewer
OUTSIDE = ("sign-in", "enter/no-such-link", "incidents")  # as nobody


@pytest.mark.parametrize("look", LOOKS)
async def test_axe_finds_nothing_on_any_page(chromium: Browser, console: Console, look: str) -> None:
    await tell(console.on.database, datetime.now(UTC).replace(microsecond=0))
    await console.on.run(
        "INSERT INTO people (name, role, created_by) VALUES ('grace@example.org', 'lead', 'admin'), ('bob', 'agent', 'admin')"
    )
    for role, paths in ((Role.OPERATOR, SEEN), (Role.VIEWER, ALONE), (None, OUTSIDE)):
        async with person(chromium, console, role or Role.VIEWER, allowed=["401", "403", "404"], **LOOKS[look]) as window:
            if role is None:
                await window.set_extra_http_headers({PERSON: ""})
            page = await window.new_page()
            for path in paths:
                await page.goto(path, wait_until="load")
                found = await Axe().run(page)
                assert found.violations_count == 0, f"{path}: {found.generate_report()}"
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"


def test_no_two_pages_have_the_same_key() -> None:
    keys = [page.key for page in PAGES if page.key]
    assert sorted(keys) == sorted(set(keys))
