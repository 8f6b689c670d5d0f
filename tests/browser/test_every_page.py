"""Every page, with data, can be used by everybody: axe finds nothing in light, in dark and on a narrow screen, where nothing is cut off."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.async_api import Browser, Page, ViewportSize

from services.console.acting.acts import Owner
from services.console.acting.owners import Owners
from services.console.acting.watching import Watch
from services.console.pages import PAGES
from services.console.sessions.roles import Role
from tests.browser.console import Console, person
from tests.flow.console_owner import FakeOwner
from tests.flow.console_screen import PERSON
from tests.flow.console_story import CHECKOUT, SEARCH, tell
from tests.flow.test_console_approvals import Notifier
from tests.flow.test_console_drafts import CHANGES, ITEMS, STANDING, TRIED
from tests.flow.test_console_maintenance import ITEM as MAINTENANCE
from tests.flow.test_console_sources import SOURCES
from tests.unit.console.test_trial import OUTCOME

LONG = "i-long"
CONTACT = {"channel": "email", "address": "ada@example.org", "role": "owner"}
SEEN = (
    "",
    "incidents",
    f"incidents/{CHECKOUT}",
    f"incidents/{SEARCH}",
    f"incidents/{LONG}",
    f"incidents/{CHECKOUT}/affected",
    "tickets/1001",
    "tickets/1005",
    "tickets/1006",
    "tickets/1008",
    "queue",
    "customers/c-1",
    "customers/c-13",
    "why",
    "why?customer=c-1",
    f"why?customer=c-13&incident={CHECKOUT}",
    f"why?customer=c-1&incident={CHECKOUT}",
    f"incidents/{CHECKOUT}/correction",
    "approvals",
    "approvals/a-1",
    "switches",
    "risks",
    "rules",
    "rules/autonomy",
    "rules/autonomy/checkout-failing",
    "rules/draft",
    "rules/draft/b-1",
    "maintenance",
    "sources",
    "sources?topic=shop.orders",
    "health",
    "audit",
    "people",
    "search?q=checkout",
    "keys",
    "tickets/9999",
    "no-such-page",
)
ALONE = ("unmask", "incidents?state=ended", "queue?whose=nobody&order=oldest", "customers/nobody", "people")
OUTSIDE = ("sign-in", "enter/no-such-link", "incidents")
SEEN_BY: Mapping[str, tuple[Role | None, Sequence[str]]] = {
    "operator": (Role.OPERATOR, SEEN),
    "viewer": (Role.VIEWER, ALONE),
    "nobody": (None, OUTSIDE),
}
WIDE, NARROW = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=800)
VIOLATIONS = {"resultTypes": ["violations"]}
OF_COLOURS = VIOLATIONS | {"runOnly": ["color-contrast", "link-in-text-block"]}  # all that can differ between light and dark
LOOKS: Sequence[tuple[Any, ViewportSize, Mapping[str, Any]]] = (
    ("light", WIDE, VIOLATIONS),
    ("dark", WIDE, OF_COLOURS),
    ("light", NARROW, VIOLATIONS),
)


async def axe_finds_nothing(page: Page, path: str) -> None:
    """Loads the page once, and looks at it in each of its looks."""
    await page.goto(path, wait_until="load")
    await page.evaluate(AXE_SCRIPT)
    for scheme, size, options in LOOKS:
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size(size)
        found = AxeResults(await page.evaluate("options => axe.run(options)", options))
        assert found.violations_count == 0, f"{path} {scheme} {size}: {found.generate_report()}"
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} {size} scrolls sideways"


@pytest.mark.parametrize("whose", SEEN_BY)
async def test_axe_finds_nothing_on_any_page(chromium: Browser, console: Console, whose: str) -> None:
    role, paths = SEEN_BY[whose]
    owner = FakeOwner()
    items = [each | MAINTENANCE for each in ITEMS]  # of publications and of maintenance alike: it answers every question with all of this
    owner.answer = STANDING | TRIED | SOURCES | {"items": items, "status": "done", "outcome": OUTCOME, "changes": CHANGES}
    notifier = Notifier(html="<!doctype html><title>s</title><p>Hello</p>")
    notifier.answer |= {"items": [each | CONTACT for each in notifier.answer["items"]]}
    asked: Mapping[str, httpx2.AsyncBaseTransport] = {
        Owner.MONITOR: httpx2.ASGITransport(owner.app),
        Owner.NOTIFIER: httpx2.ASGITransport(notifier.app),
    }
    console.app.state.owners = Owners(console.on.settings, asked)
    console.app.state.watch = Watch(console.app.state.owners, console.on.database)
    await console.app.state.watch.look()  # so that every page says what is stopped
    await tell(console.on.database, datetime.now(UTC).replace(microsecond=0))
    await console.incident(LONG, "Checkout fails " + "x" * 120)
    await console.on.run(
        "INSERT INTO people (name, role, created_by) VALUES ('grace@example.org', 'lead', 'admin'), ('bob', 'agent', 'admin')"
    )
    async with person(chromium, console, role or Role.VIEWER, allowed=["401", "403", "404"], reduced_motion="reduce") as window:
        if role is None:
            await window.set_extra_http_headers({PERSON: ""})
        page = await window.new_page()
        for path in paths:
            await axe_finds_nothing(page, path)


def test_no_two_pages_have_the_same_key() -> None:
    keys = [page.key for page in PAGES if page.key]
    assert sorted(keys) == sorted(set(keys))
