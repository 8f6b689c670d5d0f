"""A viewer sees no personal data on any page, and no page loads or sends anything elsewhere: each page is really asked for."""

from collections.abc import AsyncIterator

import pytest

from services.console.acting.acts import Owner
from services.console.sessions.roles import Role
from shared.settings import Settings
from tests.flow.console_owner import FakeOwner
from tests.flow.console_routes import ASKS
from tests.flow.console_rows import NOW, there_is
from tests.flow.console_screen import Screen, screen

PERSONAL = (
    ">Ada<",
    "ada@example.org",
    "acme",
    "Cannot pay",
    "The checkout hangs.",
    "Paying fails",
    "We are on it already.",
    "550 no mailbox",
)
PAGES = [ask.url for route, ask in ASKS.items() if route.startswith("GET ") and not route.startswith(("GET /static/", "GET /live"))]


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Screen]:
    async with screen(fresh_database.model_copy(update={"kafka": "127.0.0.1:9"})) as it:
        for table in ("customers", "incidents", "messages", "suggestions", "risks", "timeline"):
            await there_is(it, table)
        await there_is(it, "impact", told_at=NOW, notification_id="n-1")
        await there_is(it, "tickets", number=1001, incident_id="i-1")
        await there_is(it, "notifications", answer="550 no mailbox")
        FakeOwner().asked_by(it, *Owner)
        yield it


async def seen(on: Screen, role: Role | None) -> dict[str, str]:
    """Returns what each page shows to somebody of that role."""
    async with on.seen_by(role) as browser:
        browser.headers["accept"] = "text/html"
        return {url: (await browser.get(url)).text for url in [*PAGES, "/why?customer=c-1&incident=i-1"]}


async def test_what_agents_see_of_customers_is_hidden_from_viewers_on_every_page(on: Screen) -> None:
    agent, viewer = await seen(on, Role.AGENT), await seen(on, Role.VIEWER)
    assert [words for words in PERSONAL if not any(words in text for text in agent.values())] == []
    assert [(url, words) for url, text in viewer.items() for words in PERSONAL if words in text] == []


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.OPERATOR], ids=str)
async def test_every_page_says_to_the_browser_that_it_loads_and_sends_nothing_elsewhere(on: Screen, role: Role | None) -> None:
    async with on.seen_by(role) as browser:
        browser.headers["accept"] = "text/html"
        for url in [*PAGES, "/nothing"]:
            answer = await browser.get(url)
            if "text/html" not in answer.headers.get("content-type", ""):
                continue
            policy = dict(each.strip().split(" ", 1) for each in answer.headers["content-security-policy"].split(";"))
            assert (policy.pop("default-src"), policy.pop("form-action"), set(policy.values())) == ("'self'", "'self'", {"'none'"}), url
            assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff"), url
