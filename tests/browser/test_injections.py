"""Whatever text an event brings, pages show it as text: nothing runs, no dialog opens, no element grows, the content policy holds."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page

from services.console.sessions.roles import Role
from shared.events import Contact, Fact
from tests.browser.console import Console, person
from tests.browser.injections import TEXTS
from tests.builders import customer
from tests.flow import console_story
from tests.flow.console_story import Case, delivered, failed, hear, impact

PARTS = 4  # the pages are divided among so many tests

# What a text may have become if it was not taken as one: elements that no page of ours has, handlers, and addresses that run.
GREW = """() => [
    ...document.querySelectorAll("main :is(script, iframe, base, meta, link, style, math, x, title, noscript), form[action^=javascript]"),
    ...[...document.querySelectorAll("*")].filter((each) => [...each.attributes].some(({ name, value }) =>
        name.startsWith("on") || (["href", "src", "action"].includes(name) && /^\\s*(javascript|data):/i.test(value)))),
].map((each) => each.outerHTML.slice(0, 200))"""


def text(number: int) -> str:
    return TEXTS[number % len(TEXTS)]


def facts(number: int, at: datetime) -> Iterator[Fact]:
    """Yields what all topics say of one customer, one incident and one ticket, each text another one of the corpus."""
    incident, who = f"i-{number}", f"c-{number}"
    t = [text(number + step) for step in range(12)]
    contact = Contact(channel="email", address=f"{t[2]}@example.org")
    yield customer(who, at=at, name=t[0], account=t[1], contacts=(contact,), account_manager=t[3], tier=t[4])
    yield console_story.opened(incident, t[5], at, title=t[6], rule=t[7])
    yield impact(incident, at, [who])
    yield delivered(incident, who, at, subject=t[8], body=t[9], answer=t[10])
    yield failed(incident, who, at + timedelta(seconds=1), kind="resolved")
    case = Case(number, who, at, state={"subject": t[0], "component": t[5], "channel": t[11]})
    yield from case.opened(t[1])
    yield case.suggested(timedelta(seconds=1), incident)
    yield case.linked(incident, timedelta(seconds=1), agent=t[2])
    yield case.replied(t[3], timedelta(seconds=1), agent=t[4])
    yield case.resolved(timedelta(seconds=1), agent=t[6])
    yield case.reopened(timedelta(seconds=1))


def pages(number: int) -> dict[str, tuple[str, ...]]:
    """Returns the pages about one of them, and which of its texts each must show."""
    t = [text(number + step) for step in range(12)]
    return {
        f"incidents/i-{number}": (t[5], t[6], t[7]),
        f"incidents/i-{number}/affected": (t[0], t[8], t[9]),
        f"tickets/{number}": (t[0], t[1], t[2], t[3], t[4], t[6], t[8], t[9]),
        f"customers/c-{number}": (t[0], t[1], t[2], t[3], t[4], t[6], t[8], t[9]),
        f"why?customer=c-{number}&incident=i-{number}": (t[0], t[6], t[8], t[9], t[10]),
        f"search?q={quote(t[6], safe='')}": (t[6],),
        f"incidents?component={quote(t[5], safe='')}": (t[5], t[6]),
    }


async def shows(page: Page, path: str, wanted: tuple[str, ...]) -> None:
    await page.goto(path, wait_until="domcontentloaded")
    shown = await page.locator("body").text_content() or ""
    assert [each for each in wanted if each not in shown] == [], path
    assert await page.evaluate(GREW) == [], path


@pytest.mark.parametrize("part", range(PARTS))
async def test_no_text_of_an_event_is_more_than_text(chromium: Browser, console: Console, part: int) -> None:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    numbers = range(1 + part, len(TEXTS) + 1, PARTS)
    async with console.on.database.transaction() as tx:
        await hear(tx, [fact for number in numbers for fact in facts(number, at)])
    async with person(chromium, console, Role.OPERATOR) as window:
        page = await window.new_page()
        for number in numbers:
            for path, wanted in pages(number).items():
                await shows(page, path, wanted)
        await shows(page, "", tuple(text(number + 6) for number in numbers))
        await shows(page, "incidents", tuple(text(number + 6) for number in numbers))
        await shows(page, "queue", tuple(text(number) for number in numbers))
        await shows(page, "audit", ())


async def test_what_people_type_is_shown_to_them_as_text(chromium: Browser, console: Console) -> None:
    at = datetime.now(UTC) - timedelta(minutes=5)
    async with console.on.database.transaction() as tx:
        await hear(tx, list(facts(1, at)))
    async with person(chromium, console, Role.OPERATOR, allowed=["503", "422", "409"]) as window:
        page = await window.new_page()
        await page.goto("tickets/1", wait_until="domcontentloaded")
        typed = page.get_by_label("What you write to the customer")
        for each in TEXTS:
            await typed.fill(each)
            async with page.expect_navigation(wait_until="domcontentloaded"):  # to the page anew, since nobody answers: nothing was sent
                await page.get_by_role("button", name="Send to").click()
            assert await page.get_by_role("alert").count() == 1
            assert await typed.input_value() == each
            assert await page.evaluate(GREW) == []
