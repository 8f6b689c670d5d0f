"""All services as they are wired, on one database, for tests that ask every route of all of them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from fastapi.routing import iter_route_contexts

from services.console.__main__ import service as console
from services.console.settings import ConsoleSettings
from services.monitor.__main__ import service as monitor
from services.monitor.settings import MonitorSettings
from services.notifier.__main__ import service as notifier
from services.notifier.settings import NotifierSettings
from services.ticketing.__main__ import service as ticketing
from services.ticketing.settings import TicketingSettings
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings

CONFIG = Path(__file__).parents[2] / "deploy" / "config"
LINK_SECRET = "a secret"
CONSOLE_TOKEN = "the console's own"
ROLES = ("producer", "agent", "operator")
PAGES = "pages"  # what customers reach, beside the services


def wired(settings: Settings) -> dict[str, Service]:
    """Returns the services by name; no database is open yet."""
    given = {**{name: value for name, value in settings if name in Settings.model_fields}, "config_dir": CONFIG}
    mail: dict[str, Any] = {
        "link_secret": LINK_SECRET,
        "mail_from": "Shop <support@example.com>",
        "public_url": "https://notify.example.com",
    }
    return {
        "monitor": monitor(MonitorSettings(**given)),
        "notifier": notifier(NotifierSettings(**given, **mail)),
        "ticketing": ticketing(TicketingSettings(**given)),
        "console": console(ConsoleSettings(**given, console_token=CONSOLE_TOKEN)),
    }


class Site:
    """All services answer, and the pages for customers; what is in their tables can be looked at."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        self.apps = {name: service.app() for name, service in services.items()} | {PAGES: services["notifier"].public_app()}
        self.databases: dict[str, Database] = {name: service.database for name, service in services.items()}
        self.databases[PAGES] = services["notifier"].database

    async def ask(self, service: str, method: str, url: str, role: str | None = "operator", **request: Any) -> httpx2.Response:
        """Returns what the service answers somebody with that role's token; whatever it raises, this raises too."""
        headers = {**({"authorization": f"Bearer {role}-token"} if role else {}), **request.pop("headers", {})}
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self.apps[service]), base_url="http://service") as client:
            return await client.request(method, url, headers=headers, **request)

    async def run(self, service: str, script: str) -> None:
        async with self.databases[service].connection() as connection:
            await connection.execute(script)

    def routes(self, service: str) -> list[tuple[str, str]]:
        """Returns every method and path it answers, those outside the API's description too."""
        routes = iter_route_contexts(self.apps[service].routes)
        named = [(route.path.replace(":path}", "}"), route.methods or set()) for route in routes if route.path]
        return sorted({(method, path) for path, methods in named for method in methods - {"HEAD"}})


@asynccontextmanager
async def site(settings: Settings) -> AsyncIterator[Site]:
    services = wired(settings)
    async with AsyncExitStack() as stack:
        for service in services.values():
            await service.database.open()
            stack.push_async_callback(service.database.close)
        yield Site(services)
