"""The console and the real ticketing together: a reply reaches ticketing once, and a second agent's is refused when one has answered."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx2
import pytest

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


@pytest.fixture
async def on(desk: Desk, fresh_database: Settings) -> AsyncIterator[Screen]:
    """Opens the console beside a ticketing that has one ticket; the read model has heard of it."""
    await desk.tell(requested("r-1"))
    [ticket] = await desk.tickets()
    [message] = await desk.rows("SELECT id, at FROM messages")
    app = Service("ticketing", fresh_database, desk.database, routers=[router(CONFIGURATION)]).app()
    async with screen(fresh_database) as it:
        it.app.state.owners = Owners(
            it.settings.model_copy(update={"console_token": _secret(fresh_database, "agent-token")}),
            {Owner.TICKETING: _Trusted(app)},
        )
        columns = {"id": ticket["id"], "number": ticket["number"], "opened_at": NOW, "changed_at": NOW, "due_at": NOW + minutes(30)}
        await there_is(it, "tickets", **columns)
        await there_is(it, "messages", id=message["id"], ticket_id=ticket["id"], at=message["at"])
        yield it


class _Trusted(httpx2.ASGITransport):
    """Calls without the header by which a trusted caller acts for a person: here the token is an agent's own."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers.pop("forewarn-acting-for", None)
        return await super().handle_async_request(request)


def _secret(settings: Settings, words: str) -> object:
    return type(settings.database_password)(words)


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
        clicks = [ada.post(f"{page}/reply", data={**adas, "body": "We are on it."}) for _ in range(2)]
        answers = await asyncio.gather(*clicks)
        refused = await bob.post(f"{page}/reply", data={**bobs, "body": "I take it."})
    assert [answer.status_code for answer in answers] == [303, 303]
    said = await desk.rows("SELECT body FROM messages WHERE side = 'support'")
    assert [each["body"] for each in said] == ["We are on it."]
    assert refused.status_code == 409
    assert "has answered since you looked" in refused.text
    assert "We are on it." in refused.text
    assert "I take it.</textarea>" in refused.text
