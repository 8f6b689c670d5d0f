"""monitor of flow tests about time: the whole service on a fake Kafka and an embedded Postgres whose clock is moved by hand."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx2

from services.monitor.__main__ import service
from services.monitor.settings import MonitorSettings
from shared.events import Fact, IncidentImpact, Topic
from shared.service import Service
from shared.settings import Settings
from tests.builders import NOON, event_bytes
from tests.fakes import Clock, FakeConsumer, FakeLoop, FakeTopics

F = TypeVar("F", bound=Fact)

RULE = """\
  - id: failing
    title: "{component} is failing"
    events: [com.example.request]
    bad: {data.ok: false}
    window: 15s
    open: {ratio: 0.05, events: 50, customers: 10}
    resolve: {ratio: 0.01, calm: 10s, silent: 15m}
    impact: {at_least: 2}
"""


class Traffic(NamedTuple):
    """The traffic of one component in a second: that many requests, each by another customer."""

    component: str
    ok: bool = True
    requests: int = 20
    latency: float | None = None  # milliseconds, if they say it


FAILING = Traffic("checkout", ok=False)
WELL = Traffic("checkout")
SEARCH = Traffic("search")


class Watch:
    """monitor, from one start to the next; the topics and the database stay."""

    def __init__(self, settings: Settings, folder: Path, partitions: int = 4) -> None:
        self.topics, self.clock = FakeTopics(partitions), Clock(settings, ("monitor",))
        self._settings, self._folder, self._open = settings, folder, AsyncExitStack()
        self._said = 0
        self.catalog = "components: {}\n"
        self.service: Service
        self.loop: FakeLoop

    async def start(self, rules: str = RULE) -> None:
        """Starts a process with these rules. Whatever an earlier one held in memory is gone, without a word."""
        await self.stop()
        (self._folder / "rules.yml").write_text(f"rules:\n{rules}" if rules else "rules: []\n")
        (self._folder / "catalog.yml").write_text(self.catalog)
        given = {name: value for name, value in dict(self._settings).items() if name != "http_port"}
        self.service = service(MonitorSettings(**{**given, "config_dir": self._folder}))
        await self.service.database.open()
        self._open.push_async_callback(self.service.database.close)
        for stream in self.service.streams:
            stream.slowest = 0.0  # every batch is a checkpoint: nothing here waits for a second to pass
        self.loop = FakeLoop(self.topics, self.clock, self.service)
        await self.loop.start()
        await self.loop.settle()

    async def stop(self) -> None:
        await self._open.aclose()

    @property
    def consumers(self) -> list[FakeConsumer]:
        """Returns the consumers of the product events and of the partials."""
        return self.loop.consumers

    # ── what is said, and when ───────────────────────────────────────────────────────────────

    def say(self, *traffic: Traffic, at: datetime) -> None:
        """Publishes events; nobody reads yet."""
        for component, ok, requests, latency in traffic:
            data = {"component": component, "ok": ok} | ({} if latency is None else {"latency_ms": latency})
            for number in range(requests):
                self._said += 1
                value = event_bytes(str(self._said), subject=f"c-{number}", at=at, data=data)
                self.topics.put(Topic.PRODUCT_EVENTS, value, key=f"c-{number}".encode())

    async def live(self, seconds: int, *traffic: Traffic) -> None:
        """Publishes so many seconds of this traffic, each read at once."""
        for _ in range(seconds):
            self.say(*traffic, at=self.clock.now + timedelta(seconds=0.5))
            await self.loop.advance(timedelta(seconds=1))

    async def pass_time(self, **by: float) -> None:
        """Lets time pass without any event."""
        await self.loop.advance(timedelta(**by))

    # ── what came of it ──────────────────────────────────────────────────────────────────────

    def facts(self) -> list[Fact]:
        """Returns the facts about incidents but their impact, in the order in which they became true."""
        return sorted((each for each in self.topics.facts(Topic.INCIDENTS) if not isinstance(each, IncidentImpact)), key=_place)

    def said(self, kind: type[F]) -> list[F]:
        return [each for each in self.facts() if isinstance(each, kind)]

    async def incidents(self) -> list[dict[str, Any]]:
        async with self.service.database.connection() as connection:
            return [dict(row) for row in await connection.fetch("SELECT * FROM incidents ORDER BY opened_at, id")]

    @asynccontextmanager
    async def agent(self, role: str = "agent") -> AsyncIterator[httpx2.AsyncClient]:
        """Yields a person at monitor's REST API, with the role of an agent or another one."""
        transport, headers = httpx2.ASGITransport(self.service.app()), {"authorization": f"Bearer {role}-token"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://monitor", headers=headers) as client:
            yield client


def _place(fact: Fact) -> tuple[datetime, int]:
    return fact.time, getattr(fact.data, "revision", 0)


def revisions(facts: Sequence[Fact]) -> list[int]:
    """Returns the revisions that facts about one incident carry."""
    return [getattr(fact.data, "revision", -1) for fact in facts]


@asynccontextmanager
async def watching(settings: Settings, folder: Path, partitions: int = 4) -> AsyncIterator[Watch]:
    """Yields monitor, started at NOON."""
    watch = Watch(settings, folder, partitions)
    await watch.clock.set(NOON)
    await watch.start()
    try:
        yield watch
    finally:
        await watch.stop()
