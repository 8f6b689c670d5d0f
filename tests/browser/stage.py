"""The whole of Forewarn as people meet it: every service a process, customers who write in, and browsers that sign in by link."""

import os
import signal
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from playwright.async_api import Browser, BrowserContext, Page

from deploy.local import people
from deploy.local.mailbox import Mail
from deploy.local.processes import Child, child, ready, stop
from deploy.local.stack import CONSOLE, START_S, Stack, stack
from services.console.sessions.roles import Role
from tests.browser.console import WITHIN, Watched
from tests.e2e.shop import Reached, Shop, until

VICTIMS = 20  # customers whom the outage hits: as many as the rule asks for, and requests
AWAY = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET", "502", "503")


class Stage:
    """Is a running Forewarn with an outage of its checkout that is open; each test has people and customers of its own."""

    def __init__(self, on: Stack, shop: Shop) -> None:
        self.on, self.shop, self.url = on, shop, on.urls[CONSOLE].replace("127.0.0.1", "localhost")
        self._console = next(each for each in on.children if each.module == "services.console")
        self.port = urlsplit(self.url).port or 0
        self._settings = _settings(self._console)
        self._numbers = count(1)
        self._restarted = AsyncExitStack()
        self.checkout = ""  # the incident that is open

    # ── customers ────────────────────────────────────────────────────────────────────────────

    async def incident(self, component: str) -> str:
        """Has a component fail for everybody, and returns the id of the incident that monitor opens."""
        await self.shop.fail(component)
        found: list[str] = []

        async def opened() -> bool:
            found[:] = [each["id"] for each in await self.shop.items("monitor", "/v1/incidents") if each["component"] == component]
            return bool(found)

        await until(opened, f"an incident of {component} is open")
        return found[0]

    async def customer(self) -> str:
        """Returns the id of a new customer whom nothing hits."""
        id_ = f"{self.shop.name}-new{next(self._numbers)}"
        await self.shop.introduce(id_)
        return id_

    async def ticket(self, customer: str = "", subject: str = "Where is my invoice?", body: str = "I do not find it.") -> "Ticket":
        """Has a customer (a new one) write in, and returns the ticket once ticketing and the console know it."""
        customer = customer or await self.customer()
        await self.shop.ask(customer, subject, body)
        found: list[dict[str, Any]] = []

        async def made() -> bool:
            found[:] = await self.shop.items("ticketing", "/v1/tickets", customer_id=customer)
            return bool(found)

        await until(made, f"{customer} has a ticket")
        return Ticket(self, found[0]["id"], found[0]["number"], customer)

    # ── people ───────────────────────────────────────────────────────────────────────────────

    async def link(self, name: str, role: Role = Role.AGENT) -> str:
        """Returns the address of a link that signs this person in once, at the console's own address."""
        return await people.Console(self.on.urls[CONSOLE], self.on.tokens["operator"]).link(name, role)

    def name(self) -> str:
        """Returns the name of a person who was not here before."""
        return f"ada{next(self._numbers)}"

    @asynccontextmanager
    async def person(
        self, browser: Browser, role: Role = Role.AGENT, *, name: str = "", at: str = "", allowed: Collection[str] = (), **how: Any
    ) -> AsyncIterator["Person"]:
        """Yields a window in which somebody is signed in, `at` another address than our own; at its end nothing may have gone wrong."""
        watched, name = Watched(allowed), name or self.name()
        async with AsyncExitStack() as held:
            window = await browser.new_context(base_url=(at or self.url) + "/", **how)
            held.push_async_callback(window.close)
            window.set_default_timeout(WITHIN)
            window.on("page", watched.page)
            here = Person(name, self.url, window, await window.new_page())
            await here.enter(await self.link(name, role), at)
            yield here
        assert watched.found == [], watched.found

    # ── the console's process ────────────────────────────────────────────────────────────────

    def kill(self) -> None:
        """Ends the console as the kernel would, without a word; `restart` brings it back."""
        os.killpg(self._console.process.pid, signal.SIGKILL)

    async def restart(self, **changed: str) -> None:
        """Starts the console anew, with some of its settings changed until the next time; returns when it is ready."""
        await stop(self._console.process)
        again = child("services.console", environment=self._settings | changed, log=self._console.log)
        self._console = await self._restarted.enter_async_context(again)
        await ready(self._console, self.port, START_S)

    async def close(self) -> None:
        await self._restarted.aclose()


def _settings(of: Child) -> dict[str, str]:
    """Returns the settings that the process was started with."""
    pairs = Path(f"/proc/{of.process.pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair.startswith("FOREWARN_"))


class Ticket:
    """Is one ticket, and what its customer got."""

    def __init__(self, stage: Stage, id_: str, number: int, customer: str) -> None:
        self.stage, self.id, self.number, self.customer = stage, id_, number, customer
        self.path = f"tickets/{number}"

    async def now(self) -> dict[str, Any]:
        """Returns the ticket as its owner has it."""
        answer = await self.stage.shop.get("ticketing", f"/v1/tickets/{self.id}")
        said: dict[str, Any] = answer.raise_for_status().json()
        return said

    async def becomes(self, **wanted: Any) -> None:
        """Waits until its owner has it like that."""

        async def is_so() -> bool:
            has = await self.now()
            return all(has[name] == value for name, value in wanted.items())

        await until(is_so, f"ticket {self.number} is {wanted}")

    async def mails(self) -> list[Mail]:
        """Returns the replies that its customer got by mail."""
        return [mail for mail in await self.stage.on.inbox.mails() if mail.ticket_id == self.id and mail.kind == "reply"]

    async def gets(self, *words: str) -> None:
        """Waits until the customer has a mail with each of these words, and one for each."""

        async def arrived() -> bool:
            texts = [mail.text for mail in await self.mails()]
            return all(any(each in text for text in texts) for each in words)

        await until(arrived, f"the customer of ticket {self.number} has mails that say {words}")
        assert len(await self.mails()) == len(words)


class Person:
    """Is somebody who is signed in, in a window with one tab to begin with."""

    def __init__(self, name: str, url: str, window: BrowserContext, page: Page) -> None:
        self.name, self.url, self.window, self.page = name, url, window, page

    async def enter(self, link: str, at: str = "") -> None:
        """Signs in by a link, as seen at another address if one is given."""
        path = "/enter/" + link.rpartition("/")[2]
        await self.page.goto(at + path if at else link)
        await self.page.get_by_role("button", name=f"Sign in as {self.name}").press("Enter")
        await self.page.wait_for_url("**/")

    async def asks(self, method: str, path: str, **sent: str) -> httpx2.Response:
        """Asks for a page without the browser, by the session that it has; what is sent is a form of ours."""
        cookies = {each["name"]: each["value"] for each in await self.window.cookies()}
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "Sec-Fetch-Site": "same-origin"}
        async with httpx2.AsyncClient(timeout=WITHIN / 1000) as client:
            return await client.request(method, f"{self.url}/{path}", data=sent or None, headers=headers)

    async def opens(self, ticket: Ticket, page: Page | None = None) -> Page:
        """Opens the ticket's page, once the console knows the ticket."""

        async def known() -> bool:
            return (await self.asks("GET", ticket.path)).is_success

        await until(known, f"the console knows ticket {ticket.number}")
        page = page or self.page
        await page.goto(ticket.path)
        return page


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """Runs it all while the context lasts, with an open incident of the checkout."""
    async with stack(lambda _: None) as on, Shop(Reached(on.kafka, on.urls, on.tokens, on.inbox), "shop", VICTIMS) as shop:
        stage = Stage(on, shop)
        try:
            stage.checkout = await stage.incident("checkout")
            yield stage
        finally:
            await stage.close()
