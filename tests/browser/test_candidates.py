"""A candidate is seen on Now as soon as it is found; the way leads to where it is approved, and its incident says who did."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx2
from playwright.async_api import Browser, Locator, Page, expect

from services.console.acting.acts import Owner
from services.console.acting.owners import Owners
from services.console.sessions.roles import Role
from shared.events import Fact
from tests.browser.console import Console, person
from tests.flow.console_owner import FakeOwner
from tests.flow.console_story import hear, opened, suspected

FOUND = {"id": "k-1", "rule": "complaints", "component": "pay", "status": "candidate", "affected": 8, "why": {"expected": 0.4}}


async def test_it_arrives_on_now_is_approved_on_rules_and_its_incident_names_who_did(chromium: Browser, console: Console) -> None:
    owner, now = FakeOwner(), datetime.now(UTC).replace(microsecond=0)
    owner.answer = {"rules": [], "items": [FOUND | {"opened_at": now.isoformat()}]}
    console.app.state.owners = Owners(console.on.settings, {Owner.MONITOR: httpx2.ASGITransport(owner.app)})
    async with person(chromium, console, Role.LEAD) as window:
        page = await window.new_page()
        await page.goto("")
        await console.until_streams(1)
        await expect(waiting(page)).to_have_text("0")
        # When complaints rise
        await say(console, [suspected("k-1", "pay", now, 8)])
        await expect(waiting(page)).to_have_text("1")
        # and a lead follows the way, and approves
        await page.get_by_role("link", name="Candidates").click()
        await page.get_by_text("Approve or dismiss").click()
        await page.get_by_label("Why it is trouble").fill("The bank says so.")
        await page.get_by_role("button", name="Approve: tell the customers").click()
        await expect(page.get_by_role("heading", name="Rules", exact=True)).to_be_visible()
        assert next(each for each in owner.asked if each["method"] == "POST")["body"]["reason"] == "The bank says so."
        # Then the incident says where it came from, once monitor has said so
        approved = suspected("k-1", "pay", now, 8, status="open", by="lea", revision=1)
        await say(console, [approved, opened("k-1", "pay", now + timedelta(seconds=1))])
        await page.goto("")
        await expect(waiting(page)).to_have_text("0")
        await page.get_by_role("link", name="pay is failing").click()
        await expect(page.get_by_text("It came from complaints: 8 customers had written")).to_contain_text("approved by lea")


def waiting(page: Page) -> Locator:
    """Returns how many candidates Now says are waiting."""
    return page.get_by_role("row", name="Candidates").locator("td")


async def say(console: Console, facts: Sequence[Fact]) -> None:
    async with console.on.database.transaction() as tx:
        await hear(tx, facts)
