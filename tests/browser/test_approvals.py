"""People approve of audiences, stop what would be told and let it go on, in a browser, on a real notifier with a mail server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Browser, Page, expect
from pydantic import SecretStr

from services.console.acting.acts import Owner
from services.console.acting.owners import Owners
from services.console.acting.watching import Watch
from services.console.sessions.roles import Role
from shared.settings import Settings
from tests.browser.console import Console, person
from tests.flow.notifier_consent import CONSOLE, customers, small_stage, told, touch
from tests.flow.notifier_stage import Stage


@dataclass
class Both:
    """A console that browsers reach, and the notifier that it asks."""

    console: Console
    notifier: Stage

    async def look(self) -> None:
        """Does what the console does every two seconds."""
        watch: Watch = self.console.app.state.watch
        await watch.look()

    async def asked(self, count: int = 6) -> None:
        """Has an incident touch so many customers, above what its rule may tell alone."""
        await touch(self.notifier, *customers(count))
        await self.look()

    async def told(self) -> set[str]:
        """Returns who has got mail by now."""
        await self.notifier.loop.settle()
        return await told(self.notifier)


@pytest.fixture
async def both(console: Console, fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Both]:
    async with small_stage(fresh_database, tmp_path) as notifier:
        settings = console.on.settings.model_copy(update={"console_token": SecretStr(CONSOLE)})
        owners = Owners(settings, {Owner.NOTIFIER: httpx2.ASGITransport(notifier.service.app())})
        console.app.state.owners, console.app.state.watch = owners, Watch(owners, console.on.database)
        yield Both(console, notifier)


async def tab_to(page: Page, name: str) -> None:
    """Presses Tab until the focus is on the button of that name."""
    wanted = page.get_by_role("button", name=name)
    await expect(wanted).to_be_visible()
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {name}")


async def test_the_first_few_are_told_and_then_all_by_keys_alone(chromium: Browser, both: Both) -> None:
    async with person(chromium, both.console, Role.OPERATOR, "eve") as window:
        page = await window.new_page()
        await page.goto("")
        await both.console.until_streams(1)
        # When an audience waits, every open page counts it
        await both.asked(6)
        await expect(page.get_by_role("link", name="Approvals 1")).to_be_visible()
        await expect(page.get_by_role("row", name="Approvals wait for a person")).to_contain_text("1")
        # and keys lead to it
        for key in ("g", "v"):
            await page.keyboard.press(key)
        await expect(page).to_have_title("Approvals · Forewarn")
        for key in ("j", "Enter"):
            await page.keyboard.press(key)
        await expect(page.get_by_role("heading", name="checkout is failing")).to_be_visible()
        await expect(page.get_by_role("button", name="Send to 6 customers by e-mail")).to_be_visible()
        message = page.frame_locator("iframe[title='Message 1 as mail programs show it']")
        await expect(message.get_by_text("Hello").first).to_be_visible()
        # Then two of them are told first
        await page.keyboard.press("a")
        await page.keyboard.type("a e j ? the bank says so")
        await tab_to(page, "Send to the first 2")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Send to 4 customers by e-mail")).to_be_visible()
        assert len(await both.told()) == 2
        # and the others by the key that leads to the reason, and Enter
        await page.reload()
        await page.keyboard.press("a")
        await page.keyboard.type("it is real")
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-region=story]")).to_contain_text("eve approved of it")
        await expect(page.get_by_role("link", name="Approvals", exact=True).first).to_be_visible()
        assert await both.told() == set(customers(6))


async def test_other_words_are_seen_before_they_are_kept_and_a_customer_is_taken_out(chromium: Browser, both: Both) -> None:
    await both.asked(5)
    async with person(chromium, both.console, Role.OPERATOR, "eve") as window:
        page = await window.new_page()
        await page.goto("approvals")
        await page.get_by_role("link", name="checkout is failing").click()
        await page.get_by_text("Edit the words").click()
        await page.get_by_label("Subject").fill("Paying is slow")
        preview = page.frame_locator("iframe[name=preview]")
        for words in ("It is slow, {name}.", "It is slow, {name}, and we know why."):
            await page.get_by_label("Text", exact=True).fill(words)
            await page.get_by_role("button", name="Preview").click()
            await expect(preview.get_by_text(words.partition(", {")[0]).first).to_be_visible()
        await expect(preview.get_by_text("and we know why").first).to_be_visible()
        await expect(page.locator("[data-region=messages]")).not_to_contain_text("Paying is slow")
        await page.get_by_label("Why other words").fill("It is not down")
        await page.get_by_role("button", name="Keep these words").click()
        await expect(page.locator("[data-region=messages]")).to_contain_text("Paying is slow")
        await page.get_by_role("checkbox", name="Take c-3 out").check()
        await page.get_by_label("Why they are not told").fill("A test account")
        await page.get_by_role("button", name="Take them out").click()
        await page.get_by_role("button", name="Send to 4 customers by e-mail").click()
        await expect(page.locator("[data-region=story]")).to_contain_text("eve approved of it")
    assert await both.told() == {"c-1", "c-2", "c-4", "c-5"}
    assert {str(mail["Subject"]) for _, mail in both.notifier.office.mails} == {"Paying is slow"}


async def test_an_audience_is_rejected_by_keys_and_what_was_not_seen_is_not_approved(chromium: Browser, both: Both) -> None:
    await both.asked(5)
    async with person(chromium, both.console, Role.OPERATOR, "eve", allowed=["409"]) as window:
        page = await window.new_page()
        await page.goto("approvals")
        await page.get_by_role("link", name="checkout is failing").click()
        await expect(page.get_by_role("button", name="Send to 5 customers by e-mail")).to_be_visible()
        # When a customer comes who was not there when the page was drawn
        await touch(both.notifier, "c-6", chunk=1)
        await page.get_by_role("button", name="Send to 5 customers by e-mail").click()
        # Then it is not sent, and the page shows what is to be seen by now
        await expect(page.get_by_role("alert")).to_contain_text("the words or the audience have changed: look again")
        await expect(page.get_by_role("button", name="Send to 6 customers by e-mail")).to_be_visible()
        await page.keyboard.press("e")
        await page.keyboard.type("a load test of ours")
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-region=story]")).to_contain_text("eve rejected it")
        await expect(page.locator("[data-region=story]")).to_contain_text("a load test of ours")
    assert await both.told() == set()


async def test_everything_is_stopped_and_let_go_on_without_a_script_and_open_pages_hear_of_it(chromium: Browser, both: Both) -> None:
    async with (
        person(chromium, both.console, Role.OPERATOR, "eve", java_script_enabled=False) as hers,
        person(chromium, both.console, Role.AGENT, "bob") as his,
    ):
        page, looks_on = await hers.new_page(), await his.new_page()
        await looks_on.goto("queue")
        await both.console.until_streams(1)
        await page.goto("queue")
        await page.get_by_text("Kill switch", exact=True).click()
        await page.get_by_label("Why it is stopped").fill("wrong words")
        await page.get_by_role("button", name="Look what it stops").click()
        # Nothing is done before the second step
        await expect(page.get_by_role("heading", name="Stop everything?")).to_be_visible()
        assert await both.notifier.rows("SELECT FROM switches") == []
        await page.get_by_role("button", name="Stop everything").click()
        await expect(page.get_by_role("heading", name="Kill switch")).to_be_visible()
        # Every page says so, also those that are open
        await expect(looks_on.get_by_label("What is stopped")).to_contain_text("Everything is stopped: nothing of it is told, by eve")
        await expect(looks_on.get_by_label("What is stopped")).to_contain_text("wrong words")
        await touch(both.notifier, "c-1")
        assert await both.told() == set()
        # and on every page it is released
        await page.goto("risks")
        await page.get_by_label("What is stopped", exact=True).get_by_role("button", name="Release").click()
        await page.get_by_label("Why; colleagues read it").fill("mended")
        await page.get_by_role("button", name="Release everything").click()
        await expect(page.get_by_text("Nothing is stopped")).to_be_visible()
        await expect(looks_on.get_by_label("What is stopped")).to_be_hidden()
    assert await both.told() == {"c-1"}
    [first, second] = await both.console.on.rows("SELECT act, person, subject FROM audit ORDER BY id")
    assert (first, second) == ({"act": "switch.turn", "person": "eve", "subject": "switch:all"},) * 2
