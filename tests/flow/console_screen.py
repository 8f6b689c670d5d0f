"""The console's pages on a database of their own, as people of each role see them; the read model is filled by facts or by SQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from fastapi import Request

from services.console.live.behind import Behind
from services.console.live.hub import Hub
from services.console.sessions.roles import Role
from services.console.sessions.signed import Signed
from services.console.settings import ConsoleSettings
from services.console.site import site
from shared.postgres import Database
from shared.settings import Settings

AWAY = dict.fromkeys(("monitor_url", "notifier_url", "ticketing_url"), "http://127.0.0.1:9")  # nobody listens there
PERSON = "X-Test-Person"  # `name role`: who the test is; the real thing is a cookie


class Screen:
    """The pages, and what is in their tables."""

    def __init__(self, settings: ConsoleSettings, database: Database) -> None:
        self.settings, self.database = settings, database
        self.hub = Hub(database, settings.live_streams, Behind(()))
        self.app = site(settings, database, _by_header, self.hub)

    @asynccontextmanager
    async def seen_by(self, role: Role | None, person: str = "ada") -> AsyncIterator[httpx2.AsyncClient]:
        """Yields a browser without a script, in which a person of that role is signed in; None: nobody."""
        headers = {PERSON: f"{person} {role}"} if role else {}
        headers |= {"sec-fetch-site": "same-origin"}
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app), base_url="http://localhost:8004", headers=headers
        ) as client:
            yield client

    async def page(self, path: str, role: Role = Role.AGENT, status: int = 200) -> str:
        """Returns a page as a person of that role sees it."""
        async with self.seen_by(role) as browser:
            answer = await browser.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    async def run(self, script: str, *values: Any) -> None:
        async with self.database.connection() as connection:
            await connection.execute(script, *values)

    async def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        async with self.database.connection() as connection:
            return [dict(row) for row in await connection.fetch(query, *values)]


async def _by_header(request: Request) -> Signed | None:
    person, _, role = request.headers.get(PERSON, "").partition(" ")
    return Signed(person, Role(role)) if person else None


@asynccontextmanager
async def screen(settings: Settings) -> AsyncIterator[Screen]:
    """Opens the console's schema of a fresh database."""
    given: dict[str, Any] = {name: value for name, value in settings if name in Settings.model_fields}
    database = Database(settings, "console")
    await database.open()
    try:
        yield Screen(ConsoleSettings(**(AWAY | given), console_token="the console's own token"), database)
    finally:
        await database.close()
