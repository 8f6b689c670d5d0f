"""How long the server takes for each page, and how many statements it needs: with ten of everything, and with a million."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from statistics import quantiles
from typing import Any

import asyncpg
import httpx2
from fastapi import Request

from bench.console.filling import LARGE, TEN, Size, fill
from bench.servers import Servers
from services.console.live.behind import Behind
from services.console.live.hub import Hub
from services.console.sessions.roles import Role
from services.console.sessions.signed import Signed
from services.console.settings import ConsoleSettings
from services.console.site import site
from shared.postgres import Database, Tx

TIMES = 100  # each page is asked for
PAGES = {  # by name: the path, in which n is the number of the request
    "now": "/",
    "incidents": "/incidents",
    "incidents of one component": "/incidents?component=part-7",
    "incident": "/incidents/i-{n}",
    "the largest incident": "/incidents/i-1",
    "affected": "/incidents/i-1/affected",
    "not told": "/incidents/i-1/affected?show=untold&reason=capped",
    "who wrote": "/incidents/i-1/affected?show=wrote",
    "queue": "/queue",
    "queue by age": "/queue?order=oldest",
    "queue of nobody": "/queue?whose=nobody",
    "queue of one agent": "/queue?whose=agent-7",
    "queue of no incident": "/queue?incident=none",
    "queue of the largest incident": "/queue?incident=i-1",
    "ticket": "/tickets/{ticket}",
    "customer": "/customers/c-{n}",
    "the busiest customer": "/customers/c-1",
    "a ticket of theirs": "/tickets/{last}",
    "why": "/why?customer=c-{n}&incident=i-1",
    "search by number": "/search?q={ticket}",
    "search by mail": "/search?q=c-{n}@example.org",
    "search by words": "/search?q=fails",
    "health": "/health",
    "audit": "/audit",
    "audit of one person": "/audit?person=agent-7",
    "people": "/people",
}


class Counted(Database):
    """Counts the statements that its connections are given."""

    statements = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Tx]:
        async with super().connection() as lent:
            lent.add_query_logger(self._count)
            try:
                yield lent
            finally:
                lent.remove_query_logger(self._count)

    def _count(self, record: Any) -> None:
        if not record.query.startswith(("BEGIN", "COMMIT", "ROLLBACK", "SET ")):
            self.statements += 1


Pages = dict[str, tuple[float, int]]  # by name: the p95 in ms, and how many statements it takes


async def with_few(of: Servers) -> Pages:
    """Fills ten of everything, and asks for each page. Raises AssertionError for a page that fails."""
    return await _measured(of, TEN, 3)


async def with_many(of: Servers) -> Pages:
    """Fills a million of everything, and asks for each page so often that its p95 says something."""
    return await _measured(of, LARGE, TIMES)


def compared(few: Pages, many: Pages) -> dict[str, object]:
    """Returns the figures of the pages. Raises AssertionError when one needs more statements where there is more."""
    grown = {name: (few[name][1], many[name][1]) for name in PAGES if few[name][1] != many[name][1]}
    assert not grown, f"these pages need more statements when there is more: {grown}"
    return {
        "page_p95_ms": {name: took for name, (took, _) in many.items()},
        "statements": {name: count for name, (_, count) in many.items()},
    }


async def _measured(of: Servers, size: Size, times: int) -> Pages:
    print(f"filling {size.customers:,} customers, {size.tickets:,} tickets, {size.incidents:,} open incidents", flush=True)
    settings = ConsoleSettings(**_given(of))
    connection = await asyncpg.connect(**Database(settings, "console").connect_arguments())
    try:
        await fill(connection, size)
    finally:
        await connection.close()
    database = Counted(settings, "console")
    await database.open()
    try:
        return {name: await _page(settings, database, path, size, times) for name, path in PAGES.items()}
    finally:
        await database.close()


async def _page(settings: ConsoleSettings, database: Counted, path: str, size: Size, times: int) -> tuple[float, int]:
    transport = httpx2.ASGITransport(site(settings, database, _lead, Hub(database, 10, Behind(()))))
    took = []
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8004") as browser:
        for n in range(1, times + 6):
            spread = 1 + n * 7919 % size.tickets
            url = path.format(n=1 + n * 7919 % min(size.customers, size.incidents), ticket=1000 + spread, last=1000 + size.tickets)
            database.statements, started = 0, time.perf_counter()
            answer = await browser.get(url)
            took.append((time.perf_counter() - started) * 1000)
            assert answer.status_code in (200, 303), f"{url}: {answer.status_code} {answer.text[:500]}"
    p95 = round(quantiles(took[5:], n=20)[-1], 1)
    print(f"{path}: {p95} ms at the 95th percentile, {database.statements} statements", flush=True)
    return p95, database.statements


async def _lead(_: Request) -> Signed | None:
    return Signed("bench", Role.OPERATOR)


def _given(of: Servers) -> Mapping[str, Any]:
    return {
        "environment": "demo",
        "kafka": of.bootstrap,
        "database_host": "localhost",
        "database_port": of.postgres_port,
        "database_user": "forewarn_console",
        "database_password": "bench",
        "console_token": "bench",
    }
