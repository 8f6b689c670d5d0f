"""The console as it is wired, with real sessions: browsers that keep cookies, REST, and a clock that tests move."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2

from services.console.__main__ import service
from services.console.settings import ConsoleSettings
from shared.http.site import Beside
from shared.settings import Settings

AT = "https://console.example.com"
PASSWORD = "correct horse battery"


class Door:
    """The console, and what is in its tables."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self.service = service(settings)
        self.database = self.service.database
        assert self.service.site
        self.app = Beside(self.service.app(), self.service.site())

    @asynccontextmanager
    async def browser(self, peer: str = "192.0.2.7", **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
        """Yields a browser of its own, without a script; it follows no redirect by itself."""
        transport = httpx2.ASGITransport(self.app, client=(peer, 5000), raise_app_exceptions=False)
        said = {"sec-fetch-site": "same-origin", "accept": "text/html"} | {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx2.AsyncClient(transport=transport, base_url=AT, headers=said) as client:
            yield client

    async def ask(self, method: str, path: str, role: str | None = "operator", **given: Any) -> httpx2.Response:
        """Returns what REST answers somebody with that role's token."""
        headers = {"authorization": f"Bearer {role}-token"} if role else {}
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url=AT, headers=headers) as client:
            return await client.request(method, path, **given)

    async def add(self, name: str, role: str, password: str | None = PASSWORD) -> None:
        answer = await self.ask("POST", "/v1/people", json={"name": name, "role": role, "password": password})
        assert answer.status_code == 201, answer.text

    async def link(self, name: str) -> str:
        """Returns the path of a link that signs this person in."""
        answer = await self.ask("POST", f"/v1/people/{name}/link")
        assert answer.status_code == 200, answer.text
        url: str = answer.json()["url"]
        return url.removeprefix(AT)

    async def enter(self, browser: httpx2.AsyncClient, name: str) -> None:
        """Signs a person in by a link."""
        answer = await browser.post(await self.link(name))
        assert answer.status_code == 303, answer.text

    async def later(self, how_much: timedelta) -> None:
        """Moves the database's clock on, from the time it is."""
        await self.run(
            "CREATE OR REPLACE FUNCTION clock() RETURNS timestamptz LANGUAGE sql STABLE AS"
            f" 'SELECT statement_timestamp() + interval ''{how_much.total_seconds()} s'''"
        )

    async def stop_clock(self) -> None:
        """Stops the database's clock where it is."""
        [row] = await self.rows("SELECT clock()::text AS now")
        await self.run(
            f"CREATE OR REPLACE FUNCTION clock() RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT timestamptz '{row['now']}' $$"
        )

    async def run(self, script: str) -> None:
        async with self.database.connection() as connection:
            await connection.execute(script)

    async def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        async with self.database.connection() as connection:
            return [dict(row) for row in await connection.fetch(query, *values)]


@asynccontextmanager
async def door(settings: Settings, **own: Any) -> AsyncIterator[Door]:
    """Opens the console's schema of a fresh database."""
    given: dict[str, Any] = {name: value for name, value in settings if name in Settings.model_fields}
    console = ConsoleSettings(**given, **{"console_token": "the console's own token", "console_url": AT, **own})
    it = Door(console)
    await it.database.open()
    try:
        yield it
    finally:
        await it.database.close()
