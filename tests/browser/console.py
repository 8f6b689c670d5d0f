"""The console as a browser reaches it: our server on a port of its own, the real database, and people who are signed in by a header."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, Dialog, Page, expect

from deploy.local.ports import free_port
from services.console.live.behind import Behind
from services.console.live.changes import changed, enter
from services.console.live.hub import Hub
from services.console.sessions.roles import Role
from services.console.site import site
from shared.http.server import Server
from tests.flow.console_screen import PERSON, Screen, _by_header

# Whoever runs a stack on this machine is not asked.
NOBODY = {f"{owner}_url": "http://127.0.0.1:9" for owner in ("monitor", "notifier", "ticketing")}
WITHIN = 20_000  # milliseconds that a browser has for what a test waits for
expect.set_options(timeout=WITHIN)

AN_INCIDENT = """INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, revision, said_at)
    VALUES ($1, 'checkout-failing', 'checkout', 'high', $2, 'open', clock(), clock(), 1, clock())"""
A_TICKET = """INSERT INTO tickets (id, number, customer_id, subject, status, opened_at, changed_at)
    VALUES ('t-' || $1::bigint, $1::bigint, 'c-1', 'It hangs', 'open', clock(), clock())"""


class Console:
    """Runs the pages and the event streams; it can be stopped and started again at the same address."""

    def __init__(self, on: Screen, port: int | None = None, prefix: str = "", seen_at: int | None = None) -> None:
        """Takes as `seen_at` the port that browsers use when it is not the console's own."""
        self.port = port or free_port()
        self.on, self.url = on, f"http://localhost:{seen_at or self.port}{prefix}"
        self._tasks: list[asyncio.Task[Any]] = []

    async def start(self) -> None:
        settings = self.on.settings.model_copy(update={**NOBODY, "console_url": self.url, "http_port": self.port, "http_host": "127.0.0.1"})
        self.hub = Hub(self.on.database, settings.live_streams, Behind(()))
        self.app = site(settings, self.on.database, _by_header, self.hub)
        self.server = Server(self.app, settings)
        self._tasks = [asyncio.create_task(each) for each in (self.server.serve(), self.hub.run(), self.on.database.listen())]
        async with asyncio.timeout(5):
            while not self.server.started:  # noqa: ASYNC110  uvicorn has no event for it
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        serving, *others = self._tasks
        self.hub.close()
        self.server.should_exit = True
        await asyncio.wait_for(serving, 5)
        await self.app.state.owners.close()
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def incident(self, id_: str, title: str) -> None:
        """Opens an incident as a handler would: with what tells open pages."""
        async with self.on.database.transaction() as tx:
            await enter(tx)
            await tx.execute(AN_INCIDENT, id_, title)
            await changed(tx, ["incidents", f"incident:{id_}"])

    async def until_streams(self, count: int) -> None:
        """Waits until so many event streams are open."""
        async with asyncio.timeout(WITHIN / 1000):
            while self.hub.open_streams != count:  # noqa: ASYNC110  browsers decide when
                await asyncio.sleep(0.02)


@asynccontextmanager
async def running(on: Screen, **how: Any) -> AsyncIterator[Console]:
    """Yields a console that answers."""
    console = Console(on, **how)
    await console.start()
    try:
        yield console
    finally:
        await console.stop()


@dataclass
class Watched:
    """Collects what must not happen in a browser: violations of the content policy, errors of the script, dialogs, answers of 5xx."""

    allowed: Collection[str] = ()  # parts of messages that the test means to cause
    found: list[str] = field(default_factory=list)

    def page(self, page: Page) -> None:
        page.on("console", lambda message: self._note(message.text) if message.type in {"error", "warning"} else None)
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self._note(str(error)))
        page.on("response", lambda answer: self._note(f"{answer.status} {answer.url}") if answer.status >= 500 else None)

    async def _dialog(self, dialog: Dialog) -> None:
        self._note(f"a dialog: {dialog.message}")
        await dialog.dismiss()

    def _note(self, words: str) -> None:
        if not any(part in words for part in self.allowed):
            self.found.append(words)


@asynccontextmanager
async def person(
    browser: Browser, console: Console, role: Role = Role.AGENT, name: str = "ada", allowed: Collection[str] = (), **how: Any
) -> AsyncIterator[BrowserContext]:
    """Yields a browser window in which a person is signed in; at its end nothing may have gone wrong in any of its tabs."""
    watched = Watched(allowed)
    async with contextlib.AsyncExitStack() as held:
        context = await browser.new_context(base_url=console.url + "/", extra_http_headers={PERSON: f"{name} {role}"}, **how)
        held.push_async_callback(context.close)
        context.set_default_timeout(WITHIN)
        context.on("page", watched.page)
        yield context
    assert watched.found == [], watched.found


async def hide(page: Page, *, hidden: bool) -> None:
    """Makes a tab hidden or visible to its script, as a browser does when another tab comes before it."""
    state = "hidden" if hidden else "visible"
    await page.evaluate(
        """state => {
            Object.defineProperty(document, "hidden", { value: state === "hidden", configurable: true });
            Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        state,
    )
