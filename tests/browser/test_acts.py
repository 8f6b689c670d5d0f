"""People do what they do in the console, on all the services: by keys alone, without a script, in many tabs, and pressing twice.

All tests that need the services are in this file, so that one process of `--dist loadfile` starts them, once.
"""

import asyncio
from urllib.parse import parse_qsl

from playwright.async_api import Browser, Page, Route, expect

from deploy.local.ports import free_port
from services.console.sessions.roles import Role
from tests.browser.proxy import PREFIX, proxy
from tests.browser.stage import AWAY, Stage

TITLE = "checkout is failing"


async def tab_to(page: Page, name: str, role: str = "button") -> None:
    """Presses Tab until the focus is on what is called that."""
    wanted = page.get_by_role(role, name=name).first  # type: ignore[arg-type]
    await expect(wanted).to_be_visible()
    for _ in range(80):
        if await wanted.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {name}")


async def test_a_ticket_is_found_answered_taken_and_resolved_by_keys(chromium: Browser, stage: Stage) -> None:
    ticket = await stage.ticket(subject="Keys only, please")
    async with stage.person(chromium) as ada:
        page = await ada.opens(ticket)
        await page.goto("")
        await page.keyboard.press("g")
        await page.keyboard.press("q")
        await expect(page).to_have_title("Queue · Forewarn")
        row = page.get_by_role("link", name=f"#{ticket.number} Keys only, please")
        await expect(row).to_be_visible()
        for _ in range(60):
            await page.keyboard.press("j")
            if await row.evaluate("element => element === document.activeElement"):
                break
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{stage.url}/{ticket.path}")
        await page.keyboard.press("a")
        await expect(page.locator("[data-region=ticket]")).to_contain_text(f"with {ada.name}")
        await page.keyboard.press("r")
        await page.keyboard.type("It is under Account. j k e a ?")
        await tab_to(page, "Send to")
        await page.keyboard.press("Enter")
        await expect(page.locator("#latest")).to_contain_text("It is under Account. j k e a ?")
        await ticket.gets("It is under Account. j k e a ?")
        await page.keyboard.press("e")
        await page.keyboard.type("Found it")
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-region=ticket]")).to_contain_text("resolved")
        await ticket.becomes(status="resolved", assignee=ada.name)
        await tab_to(page, "Why it is not over", "textbox")
        await page.keyboard.type("It was another invoice")
        await page.keyboard.press("Enter")
        await ticket.becomes(status="open")
        await expect(page.locator("[data-region=ticket]")).to_contain_text("reopened")


async def test_a_ticket_is_linked_and_unlinked_by_keys(chromium: Browser, stage: Stage) -> None:
    ticket = await stage.ticket()
    async with stage.person(chromium) as ada:
        page = await ada.opens(ticket)
        await tab_to(page, "Another incident, by its id", "textbox")
        await page.keyboard.type(stage.checkout)
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-region=ticket]").get_by_role("link", name=TITLE)).to_be_visible()
        await ticket.becomes(incident_id=stage.checkout)
        await tab_to(page, "It is not about this incident", "textbox")
        await page.keyboard.type("an invoice")
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-region=ticket]").get_by_role("link", name=TITLE)).to_have_count(0)
        await ticket.becomes(incident_id=None)


async def test_incidents_are_ended_by_keys(chromium: Browser, stage: Stage) -> None:
    over, false = await stage.incident("orders"), await stage.incident("returns")
    async with stage.person(chromium, Role.LEAD) as grace:
        for id_, button, status, said in (
            (over, "Resolve: it is over", "resolved", "resolved"),
            (false, "Dismiss: a false alarm", "dismissed", "a false alarm"),
        ):
            page = grace.page
            await page.goto("incidents?state=open")
            row = page.get_by_role("link", name=f"{'orders' if id_ == over else 'returns'} is failing")
            await row.focus()
            await page.keyboard.press("Enter")
            await tab_to(page, "Note for colleagues", "textbox")
            await page.keyboard.type(f"A load test, says {grace.name}")
            await tab_to(page, button)
            await page.keyboard.press("Enter")
            await expect(page.locator("[data-region=head]")).to_contain_text(said)
            await expect(page.locator("[data-region=head]")).to_contain_text(f"A load test, says {grace.name}")
            assert (await stage.shop.get("monitor", f"/v1/incidents/{id_}")).json()["status"] == status


async def test_a_viewer_sees_personal_data_by_keys_and_with_a_reason(chromium: Browser, stage: Stage) -> None:
    ticket = await stage.ticket(body="My name is Emmy.")
    async with stage.person(chromium, Role.VIEWER) as vera:
        page = await vera.opens(ticket)
        await expect(page.locator("main")).not_to_contain_text("Emmy")
        await tab_to(page, "Show personal data", "link")
        await page.keyboard.press("Enter")
        await tab_to(page, "Why", "textbox")
        await page.keyboard.type("The customer is on the phone")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{stage.url}/{ticket.path}")
        await expect(page.locator("main")).to_contain_text("My name is Emmy.")
        await tab_to(page, "Hide personal data")
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).not_to_contain_text("Emmy")


async def test_pressing_twice_sends_one_reply(chromium: Browser, stage: Stage) -> None:
    first, second = await stage.ticket(), await stage.ticket()
    async with stage.person(chromium) as ada:
        page = await ada.opens(first)
        await page.get_by_label("What you write to the customer").fill("Once by two clicks")
        await page.get_by_role("button", name="Send to").dblclick()
        await expect(page.locator("#latest")).to_contain_text("Once by two clicks")
        page = await ada.opens(second)
        await page.get_by_label("What you write to the customer").fill("Once by key and click")
        button = page.get_by_role("button", name="Send to")
        await button.evaluate("button => { button.focus(); button.click(); button.click(); button.form.requestSubmit(button); }")
        await expect(page.locator("#latest")).to_contain_text("Once by key and click")
        await first.gets("Once by two clicks")
        await second.gets("Once by key and click")


async def test_the_same_form_from_two_places_is_one_act(chromium: Browser, stage: Stage) -> None:
    ticket = await stage.ticket()
    async with stage.person(chromium, java_script_enabled=False) as ada:
        page = await ada.opens(ticket)
        form = {name: await page.locator(f"form[action$=reply] [name={name}]").first.input_value() for name in ("form_id", "seen")}
        sent = {**form, "body": "Once by two requests", "then": ""}
        answers = await asyncio.gather(*(ada.asks("POST", ticket.path + "/reply", **sent) for _ in range(3)))
        assert [answer.status_code for answer in answers] == [303, 303, 303]
        await ticket.gets("Once by two requests")


async def test_two_people_on_one_ticket_do_not_answer_twice(chromium: Browser, stage: Stage) -> None:
    ticket = await stage.ticket()
    async with stage.person(chromium) as ada, stage.person(chromium, allowed=["409"]) as bob:
        hers, his = await ada.opens(ticket), await bob.opens(ticket)
        await expect(hers.get_by_text("Also open")).to_be_visible()
        await expect(hers.locator("[data-region=ticket]")).to_contain_text(bob.name)
        await expect(his.locator("[data-region=ticket]")).to_contain_text(ada.name)
        await his.get_by_label("What you write to the customer").fill("Bob's answer")
        await hers.get_by_label("What you write to the customer").fill("Ada's answer")
        await hers.get_by_role("button", name="Send to").click()
        await expect(hers.locator("#latest")).to_contain_text("Ada's answer")
        await expect(his.locator("[data-region=conversation]")).to_contain_text("Ada's answer")
        await his.get_by_role("button", name="Send to").click()
        await expect(his.get_by_role("alert")).to_be_visible()
        await expect(his.locator("section[aria-labelledby=reply] .bubble")).to_contain_text("Ada's answer")
        await expect(his.get_by_label("What you write to the customer")).to_have_value("Bob's answer")
        await ticket.gets("Ada's answer")
        await his.get_by_role("button", name="Send to").click()
        await expect(his.locator("#latest")).to_contain_text("Bob's answer")
        await ticket.gets("Ada's answer", "Bob's answer")


async def test_what_is_typed_outlives_updates_a_reload_and_signing_out(chromium: Browser, stage: Stage) -> None:
    ticket = await stage.ticket()
    async with stage.person(chromium) as ada:
        page = await ada.opens(ticket)
        text = page.get_by_label("What you write to the customer")
        await text.press_sequentially("Half a senten")
        await stage.shop.ask(ticket.customer, "Re: Where is my invoice?", "Are you there?")
        await expect(page.locator("[data-region=beside]")).to_contain_text("Re: Where is my invoice?")
        await expect(text).to_have_value("Half a senten")
        await text.press_sequentially("ce")
        await page.reload()
        await expect(text).to_have_value("Half a sentence")
        await text.press_sequentially(", and more")
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await ada.enter(await stage.link(ada.name))
        await ada.opens(ticket)
        await expect(text).to_have_value("Half a sentence, and more")
        await page.get_by_role("button", name="Send to").click()
        await expect(page.locator("#latest")).to_contain_text("Half a sentence, and more")
        await expect(text).to_have_value("")
        await page.reload()
        await expect(text).to_have_value("")


async def test_a_draft_that_arrives_after_the_reply_does_not_come_back(chromium: Browser, stage: Stage) -> None:
    ticket = await stage.ticket()
    async with stage.person(chromium) as ada:
        page = await ada.opens(ticket)
        under_way: asyncio.Future[Route] = asyncio.Future()
        await page.route("**/drafts", lambda route: under_way.set_result(route), times=1)  # noqa: PLW0108  it wants a function of Python
        text = page.get_by_label("What you write to the customer")
        await text.press_sequentially("Said once")
        draft = (await under_way).request.post_data or ""
        await page.get_by_role("button", name="Send to").click()
        await expect(page.locator("#latest")).to_contain_text("Said once")
        late = await ada.asks("POST", "drafts", **dict(parse_qsl(draft)))
        assert late.status_code == 204
        await page.reload()
        await expect(text).to_have_value("")
        await text.press_sequentially("Another")
        await page.reload()
        await expect(text).to_have_value("Another")


async def test_ten_tabs_of_one_person_all_load_act_and_stay_current(chromium: Browser, stage: Stage) -> None:
    ticket = await stage.ticket()
    async with stage.person(chromium, allowed=["503"]) as ada:  # to those tabs that get no stream
        await ada.opens(ticket)
        tabs = [ada.page, *[await ada.window.new_page() for _ in range(9)]]
        await asyncio.gather(*(tab.goto(ticket.path) for tab in tabs[1:]))
        for tab in tabs:
            await expect(tab.get_by_role("heading", name="Reply")).to_be_visible()
        await tabs[9].get_by_role("button", name="Assign to me").click()
        await expect(tabs[9].locator("[data-region=ticket]")).to_contain_text(f"with {ada.name}")
        for tab in tabs:
            await expect(tab.locator("[data-region=ticket]")).to_contain_text(f"with {ada.name}")
            await expect(tab.locator("#lost")).to_be_hidden()


async def test_without_a_script_people_sign_in_filter_answer_and_resolve(chromium: Browser, stage: Stage) -> None:
    ticket = await stage.ticket(subject="No script")
    async with stage.person(chromium, java_script_enabled=False, allowed=["409"]) as ada:
        await ada.opens(ticket)
        page = ada.page
        await page.get_by_role("link", name="Queue").first.click()
        await page.get_by_role("link", name="nobody’s", exact=True).click()
        await page.get_by_role("link", name=f"#{ticket.number} No script").click()
        await page.get_by_label("What you write to the customer").fill("By a plain form")
        await page.get_by_role("button", name="Send to").click()
        await expect(page.locator("#latest")).to_contain_text("By a plain form")
        await page.get_by_label("How it was resolved").fill("Answered")
        await page.get_by_role("button", name="Resolve", exact=True).click()
        await expect(page.locator("[data-region=ticket]")).to_contain_text("resolved")
        await ticket.becomes(status="resolved")
        await ticket.gets("By a plain form")


# ── the console goes away and comes back; a proxy stands before it ────────────────────────────


async def test_a_console_that_is_killed_and_comes_back_loses_and_doubles_nothing(chromium: Browser, stage: Stage) -> None:
    ticket = await stage.ticket()
    async with stage.person(chromium, allowed=AWAY) as ada:
        page = await ada.opens(ticket)
        text = page.get_by_label("What you write to the customer")
        await text.press_sequentially("Half a sentence")
        stage.kill()
        await expect(page.locator("#lost")).to_contain_text("Not live since")
        await stage.shop.ask(ticket.customer, "Re: Where is my invoice?", "Written while nobody was there")
        await text.press_sequentially(", and the rest")
        await stage.restart()
        await expect(page.locator("#lost")).to_be_hidden()
        await expect(page.locator("[data-region=conversation]")).to_contain_text("Where is my invoice?")
        await expect(text).to_have_value("Half a sentence, and the rest")
        await expect(page.locator("[data-region=beside]")).to_contain_text("Re: Where is my invoice?", timeout=30_000)
        await page.get_by_role("button", name="Send to").click()
        await expect(page.locator("#latest")).to_contain_text("Half a sentence, and the rest")
        await expect(page.locator(".bubble", has_text="Half a sentence, and the rest")).to_have_count(1)
        await ticket.gets("Half a sentence, and the rest")
        await page.reload()
        await expect(page.locator(".bubble", has_text="Half a sentence, and the rest")).to_have_count(1)


async def test_behind_a_prefix_people_sign_in_go_about_act_and_stay_current(chromium: Browser, stage: Stage) -> None:
    ticket, seen_at = await stage.ticket(), free_port()
    at = f"http://localhost:{seen_at}{PREFIX.decode()}"
    await stage.restart(FOREWARN_CONSOLE_URL=at)
    async with proxy(seen_at, stage.port), stage.person(chromium, at=at) as ada:
        page = await ada.opens(ticket)
        await expect(page).to_have_url(f"{at}/{ticket.path}")
        await stage.shop.ask(ticket.customer, "One more thing", "It is urgent.")
        await expect(page.locator("[data-region=beside]")).to_contain_text("One more thing")
        await page.get_by_role("button", name="Assign to me").click()
        await expect(page.locator("[data-region=ticket]")).to_contain_text(f"with {ada.name}")
        await page.get_by_label("What you write to the customer").fill("Through the proxy")
        await page.get_by_role("button", name="Send to").click()
        await expect(page.locator("#latest")).to_contain_text("Through the proxy")
        await page.get_by_role("link", name="Queue", exact=True).first.click()
        await expect(page).to_have_url(f"{at}/queue")
        await page.get_by_role("button", name="Sign out").click()
        await expect(page).to_have_url(f"{at}/sign-in")
    await ticket.gets("Through the proxy")
    await stage.restart()
