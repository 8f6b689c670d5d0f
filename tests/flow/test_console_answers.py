"""The console and the real ticketing together: a reply reaches ticketing once, and a second agent's is refused when one has answered."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from deploy import tokens_file
from deploy.console_token import make_known
from services.console.acting.acts import Owner
from services.console.acting.owners import Owners
from services.console.sessions.roles import Role
from services.ticketing.api.tickets import router
from shared.service import Service
from shared.settings import Settings
from tests.flow.console_rows import there_is
from tests.flow.console_screen import Screen, screen
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import CONFIGURATION, NOW, minutes, requested

TOKEN = "the console's own token"  # as `console_screen` has it


@pytest.fixture
async def on(desk: Desk, fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Screen]:
    """Opens the console beside a ticketing that has one ticket and knows its token; the read model has heard of the ticket."""
    await desk.tell(requested("r-1"))
    [ticket] = await desk.tickets()
    [message] = await desk.rows("SELECT id, at FROM messages")
    app = Service("ticketing", with_console(fresh_database, tmp_path), desk.database, routers=[router(CONFIGURATION)]).app()
    async with screen(fresh_database) as it:
        it.app.state.owners = Owners(it.settings, {Owner.TICKETING: httpx2.ASGITransport(app)})
        columns = {"id": ticket["id"], "number": ticket["number"], "opened_at": NOW, "changed_at": NOW, "due_at": NOW + minutes(30)}
        await there_is(it, "tickets", **columns)
        await there_is(it, "messages", id=message["id"], ticket_id=ticket["id"], at=message["at"])
        yield it


def with_console(settings: Settings, folder: Path) -> Settings:
    """Returns the settings of a service that knows the console as a caller who may act for others."""
    path = folder / "tokens.json"
    tokens_file.ensure(path)
    assert make_known(path, TOKEN, datetime.now(UTC)) == "made the console's token known to the services"
    return settings.model_copy(update={"tokens_file": str(path)})


async def drawn(browser: httpx2.AsyncClient, page: str) -> dict[str, str]:
    """Returns the hidden fields of the reply form, as the page has them now."""
    text = (await browser.get(page)).text
    form = text[text.index('/reply"') :]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[: form.index("</form>")]))


async def test_a_double_click_is_one_reply_and_the_second_agents_is_refused(on: Screen, desk: Desk) -> None:
    [ticket] = await desk.tickets()
    page = f"/tickets/{ticket['number']}"
    async with on.seen_by(Role.AGENT) as ada, on.seen_by(Role.AGENT, "bob") as bob:
        adas, bobs = await drawn(ada, page), await drawn(bob, page)
        await desk.at(NOW + minutes(1))
        clicks = [ada.post(f"{page}/reply", data={**adas, "body": "We are on it."}) for _ in range(2)]
        answers = await asyncio.gather(*clicks)
        refused = await bob.post(f"{page}/reply", data={**bobs, "body": "I take it."})
    assert [answer.status_code for answer in answers] == [303, 303]
    said = await desk.rows("SELECT body, author FROM messages WHERE side = 'support'")
    assert [(each["body"], each["author"]) for each in said] == [("We are on it.", "ada")]
    assert refused.status_code == 409
    assert "has answered since you looked" in refused.text
    assert "We are on it." in refused.text
    assert "I take it.</textarea>" in refused.text


async def test_the_same_agent_replies_again_before_the_first_reply_is_heard(on: Screen, desk: Desk) -> None:
    [ticket] = await desk.tickets()
    page = f"/tickets/{ticket['number']}"
    async with on.seen_by(Role.AGENT) as ada, on.seen_by(Role.AGENT, "bob") as bob:
        bobs = await drawn(bob, page)
        for words in ("We are on it.", "It is mended."):
            await desk.at(NOW + minutes(1 if words.startswith("We") else 2))
            answer = await ada.post(f"{page}/reply", data={**await drawn(ada, page), "body": words})
            assert answer.status_code == 303, answer.text
        refused = await bob.post(f"{page}/reply", data={**bobs, "body": "I take it."})
    said = await desk.rows("SELECT body FROM messages WHERE side = 'support' ORDER BY at")
    assert [each["body"] for each in said] == ["We are on it.", "It is mended."]
    assert refused.status_code == 409


async def test_a_service_that_does_not_know_the_console_does_nothing(on: Screen, desk: Desk, fresh_database: Settings) -> None:
    app = Service("ticketing", fresh_database, desk.database, routers=[router(CONFIGURATION)]).app()
    on.app.state.owners = Owners(on.settings, {Owner.TICKETING: httpx2.ASGITransport(app)})
    [ticket] = await desk.tickets()
    page = f"/tickets/{ticket['number']}"
    async with on.seen_by(Role.AGENT) as ada:
        answer = await ada.post(f"{page}/reply", data={**await drawn(ada, page), "body": "We are on it."})
    assert answer.status_code == 503
    assert "ticketing does not accept the console&#39;s token" in answer.text
    assert await desk.rows("SELECT body FROM messages WHERE side = 'support'") == []
