"""In a browser: an operator takes a mark on an address back, stops a channel and lets it go on, and the services do it."""

import pytest
from playwright.async_api import Browser, expect

from services.console.sessions.roles import Role
from tests.browser.stage import Stage
from tests.e2e.shop import until

pytestmark = pytest.mark.asyncio


async def test_an_operator_takes_a_mark_back_and_the_address_is_used_again(chromium: Browser, stage: Stage) -> None:
    customer = stage.shop.everybody[0]
    told: list[str] = []

    async def has_been_told() -> bool:
        items = await stage.shop.items("notifier", "/v1/notifications", customer_id=customer)
        told[:] = [each["id"] for each in items if (each["kind"], each["status"]) == ("opened", "delivered")]
        return bool(told)

    await until(has_been_told, f"{customer} has been told of the checkout")
    bounce = {"notification_id": told[0], "kind": "bounce", "code": "5.1.1", "recipient": f"{customer}@example.org"}
    answer = await stage.shop.http.post(
        f"{stage.on.urls['notifier']}/v1/bounces", json=bounce, headers={"Authorization": f"Bearer {stage.on.tokens['producer']}"}
    )
    assert answer.json()["new"] is True, answer.text
    async with stage.person(chromium, Role.OPERATOR) as olga:
        page = olga.page

        async def heard() -> bool:
            return "It came back: there is no such address." in (await olga.asks("GET", f"customers/{customer}")).text

        await until(heard, "the console has heard that the message came back")
        await page.goto(f"why?customer={customer}&incident={stage.checkout}")
        await expect(page.locator("[data-region=why]")).to_contain_text(
            "A server took it by email. It came back: there is no such address."
        )
        await page.goto("channels")
        row = page.locator("[data-region=marks] tr", has_text=customer)
        await expect(row).to_contain_text(f"{customer[0]}•••@example.org")
        await expect(row).to_contain_text("the message came back: 5.1.1")
        await row.get_by_label("Why the mark is wrong").fill("They called: their server was broken.")
        await row.get_by_role("button", name="Take back").click()
        await expect(page.locator("[data-region=marks]")).to_contain_text("No address is marked.")
    marks = await stage.shop.items("notifier", "/v1/suppressions/addresses")
    assert [each for each in marks if each["customer_id"] == customer] == []
    [noted, *_] = await stage.shop.items("notifier", "/v1/switches/log", subject="mark on an address")
    assert (noted["by"], noted["reason"]) == (olga.name, "They called: their server was broken.")


async def test_an_operator_stops_a_channel_and_lets_it_go_on(chromium: Browser, stage: Stage) -> None:
    async with stage.person(chromium, Role.OPERATOR) as olga:
        page = olga.page
        await page.goto("channels")
        email = page.locator("section", has=page.get_by_role("heading", name="email"))
        await email.get_by_label("Why it must stop").fill("The list is old.")
        await email.get_by_role("button", name="Stop email").press("Enter")
        await expect(email).to_contain_text(f"{olga.name} stopped it: The list is old.")
        [channel] = (await stage.shop.get("notifier", "/v1/channels")).json()["items"]
        assert (channel["level"], channel["cause"]) == ("pause", "person")
        await email.get_by_label("Why it may go on").fill("It is clean now.")
        await email.get_by_role("button", name="Let email go on").press("Enter")
        await expect(email).to_contain_text(f"{olga.name} let it go on")
        [channel] = (await stage.shop.get("notifier", "/v1/channels")).json()["items"]
        assert (channel["level"], channel["resumed_by"]) == ("ok", olga.name)
