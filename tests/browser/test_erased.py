"""A page that stays open lets go of a customer who is erased, wherever the pointer is and also where live updates are stopped."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from services.console.live.hub import PER_SESSION
from services.console.sessions.roles import Role
from shared.events import Contact, CustomerErased
from tests.browser.console import Console, person
from tests.builders import customer
from tests.flow import console_story
from tests.flow.console_story import CHECKOUT, Case, delivered, hear, impact, suppressed

WHO, OTHER = "c-anna", "c-bert"
WORDS = ("Anna Marzipan", "anna@example.org", "the marzipan is late")  # a name, an address, and what was written
SOON = 25_000  # milliseconds, of the thirty seconds that are promised
PAGES = {
    f"customers/{WHO}": WORDS[0],
    "tickets/71": WORDS[2],
    f"incidents/{CHECKOUT}": WORDS[2],
    f"incidents/{CHECKOUT}/affected": WORDS[0],
    f"incidents/{CHECKOUT}/affected?show=told": WORDS[0],
    f"why?customer={WHO}&incident={CHECKOUT}": WORDS[0],
    f"why?customer={WHO}": "Checkout",
    "queue": WORDS[2],
    "search?q=71": WORDS[2],
}


@pytest.fixture
async def told(console: Console) -> Console:
    """Has two customers hit by an incident; the one who will be erased was told, and has written."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    contact = Contact(channel="email", address=WORDS[1])
    case, other = Case(71, WHO, at, state={"subject": WORDS[2]}), Case(72, OTHER, at)
    facts = [
        customer(WHO, at=at, name=WORDS[0], contacts=(contact,)),
        customer(OTHER, at=at, name="Bert"),
        console_story.opened(CHECKOUT, "checkout", at, title="Checkout fails"),
        impact(CHECKOUT, at, [WHO, OTHER]),
        delivered(CHECKOUT, WHO, at, subject="Checkout", body=f"Dear {WORDS[0]}"),
        suppressed(CHECKOUT, OTHER, at, "capped"),
        *case.opened(WORDS[2]),
        case.linked(CHECKOUT, timedelta(seconds=1)),
        *other.opened("Where is my invoice?"),
    ]
    async with console.on.database.transaction() as tx:
        await hear(tx, facts)
    await console.on.run(  # its id is the number of the ticket, so that the search lists both
        "INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, revision, said_at)"
        " VALUES ('71', 'r', 'checkout', 'high', 'An incident of that number', 'open', clock(), clock(), 1, clock())"
    )
    return console


async def reading(window: BrowserContext, path: str) -> Page:
    """Returns a page that shows the customer; the pointer rests on what it says of them."""
    page = await window.new_page()
    await page.goto(path)
    shown = page.locator("main").get_by_text(PAGES[path]).first
    await expect(shown).to_be_visible()
    await shown.hover()
    return page


async def erase(console: Console) -> None:
    async with console.on.database.transaction() as tx:
        await hear(tx, [CustomerErased.of(CustomerErased.Data(), subject=WHO, at=datetime.now(UTC))])


async def shows_nothing_of_them(page: Page) -> None:
    for words in WORDS:
        await expect(page.locator("body")).not_to_contain_text(words, timeout=SOON)
    content = await page.content()
    assert not any(words in content for words in WORDS), page.url


@pytest.mark.parametrize("paths", [[*PAGES][:5], [*PAGES][5:]], ids=["about one", "lists"])
async def test_open_pages_let_go_of_who_was_erased(chromium: Browser, told: Console, paths: list[str]) -> None:
    async with person(chromium, told, Role.OPERATOR, allowed=["404", "503"]) as window:
        pages = [await reading(window, path) for path in paths]
        await told.until_streams(PER_SESSION)  # of five pages one has no stream, and asks
        for page in pages:
            await type_of_them(page)
        await erase(told)
        for page in pages:
            await shows_nothing_of_them(page)
    assert await told.on.rows("SELECT * FROM drafts") == []


async def type_of_them(page: Page) -> None:
    """Writes a reply that names them, on the page of a ticket."""
    field = page.get_by_label("What you write to the customer")
    if await field.count():
        await field.fill(f"Dear {WORDS[0]}")


async def test_a_page_whose_live_updates_are_stopped_lets_go_of_them_too(chromium: Browser, told: Console) -> None:
    async with person(chromium, told, Role.OPERATOR) as window:
        page = await reading(window, "queue")
        async with page.expect_request("**/live?keys=erased&*"):
            await page.get_by_role("button", name="Stop live updates").click()
        await told.until_streams(1)
        await erase(told)
        await shows_nothing_of_them(page)
        await expect(page.locator("#lost")).to_have_text("Live updates are stopped.")
