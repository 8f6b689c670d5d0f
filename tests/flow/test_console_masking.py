"""A viewer sees no personal data on any page, and no page loads or sends anything elsewhere: each page is really asked for."""

import re
from collections.abc import AsyncIterator

import pytest

from services.console.acting.acts import Owner
from services.console.live.changes import customer_key, key_of
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
FRAMES = (
    "/approvals/a-1/messages/0",
)  # a message as mail programs show it, with its own styles: `test_console_approvals.py` reads its policy


AN_ADDRESS = "ada@example.org"  # some products know their customers by that


async def fill(on: Screen, customer: str) -> None:
    """Adds one row of everything, about one customer."""
    whose = {"customer_id": customer}
    await there_is(on, "customers", id=customer)
    for table in ("incidents", "messages", "suggestions", "timeline"):
        await there_is(on, table)
    await there_is(on, "risks", **whose)
    await there_is(on, "impact", **whose, told_at=NOW, notification_id="n-1")
    await there_is(on, "tickets", **whose, number=1001, incident_id="i-1")
    await there_is(on, "notifications", **whose, answer="550 no mailbox")


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Screen]:
    async with screen(fresh_database.model_copy(update={"kafka": "127.0.0.1:9"})) as it:
        FakeOwner().asked_by(it, *Owner)
        yield it


async def seen(on: Screen, role: Role) -> dict[str, str]:
    """Returns what each page shows to somebody of that role."""
    async with on.seen_by(role) as browser:
        return {url: (await browser.get(url)).text for url in [*PAGES, "/why?customer=c-1&incident=i-1", "/why?notification=n-1"]}


async def test_what_agents_see_of_customers_is_hidden_from_viewers_on_every_page(on: Screen) -> None:
    await fill(on, "c-1")
    agent, viewer = await seen(on, Role.AGENT), await seen(on, Role.VIEWER)
    assert [words for words in PERSONAL if not any(words in text for text in agent.values())] == []
    assert [(url, words) for url, text in viewer.items() for words in PERSONAL if words in text] == []


async def test_an_id_that_is_a_mail_address_is_on_no_page_of_a_viewer(on: Screen) -> None:
    await fill(on, AN_ADDRESS)
    agent, viewer = await seen(on, Role.AGENT), await seen(on, Role.VIEWER)
    quoted = ("ada@", "ada%40")
    assert len([url for url, text in agent.items() if any(each in text for each in quoted)]) >= 5
    assert [url for url, text in viewer.items() if any(each in text for each in quoted)] == []


async def test_pages_wait_for_keys_as_changes_are_noted(on: Screen) -> None:
    await fill(on, AN_ADDRESS)
    pages = " ".join((await seen(on, Role.AGENT)).values())
    waited = {key for keys in re.findall('data-live="([^"]*)"', pages) for key in keys.split()}
    assert {"incidents", "incident:i-1", "tickets", "ticket:t-1", customer_key(AN_ADDRESS), customer_key("c-1")} <= waited
    assert {key_of(key) for key in waited} == waited


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.OPERATOR], ids=str)
async def test_every_page_says_to_the_browser_that_it_loads_and_sends_nothing_elsewhere(on: Screen, role: Role | None) -> None:
    async with on.seen_by(role) as browser:
        browser.headers["accept"] = "text/html"
        for url in [*PAGES, "/nothing"]:
            answer = await browser.get(url)
            if "text/html" not in answer.headers.get("content-type", ""):
                continue
            if url in FRAMES:
                continue
            policy = dict(each.strip().split(" ", 1) for each in answer.headers["content-security-policy"].split(";"))
            assert (policy.pop("default-src"), policy.pop("form-action"), set(policy.values())) == ("'self'", "'self'", {"'none'"}), url
            assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff"), url
