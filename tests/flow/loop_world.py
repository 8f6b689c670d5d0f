"""All services on a fake Kafka and an embedded Postgres, a mail server, and a clock that is moved by hand: the loop of flow tests."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from deploy.simulator.play import Record
from services.console.__main__ import service as console
from services.console.settings import ConsoleSettings
from services.monitor.__main__ import service as monitor
from services.monitor.settings import MonitorSettings
from services.notifier.__main__ import service as notifier
from services.notifier.settings import NotifierSettings
from services.ticketing.__main__ import service as ticketing
from services.ticketing.settings import TicketingSettings
from shared.events import Fact, Topic
from shared.postgres import Database
from shared.settings import Settings
from tests.builders import NOON
from tests.fakes import Clock, FakeLoop, FakeTopics
from tests.smtp import PostOffice, post_office


@dataclass
class World:
    """The services, a broker, a mail server, and a clock that stands still until it is moved."""

    topics: FakeTopics
    clock: Clock
    loop: FakeLoop
    office: PostOffice

    async def hear(self, records: Iterable[Record]) -> None:
        """Publishes what the product's systems say, and does everything that follows at once."""
        for record in records:
            self.topics.put(record.topic, record.value, key=record.key)
        await self.loop.settle()

    def database(self, service: str) -> Database:
        return next(each.database for each in self.loop.services if each.name == service)

    def told(self, kind: str) -> Counter[str]:
        """Returns who got mails of a kind, and how many."""
        return Counter(recipient.partition("@")[0] for recipient, mail in self.office.mails if mail["X-Forewarn-Kind"] == kind)

    def facts(self, *topics: Topic) -> list[Fact]:
        return [fact for topic in topics for fact in self.topics.facts(topic)]

    def said(self, *topics: Topic) -> Counter[str]:
        """Returns the ids of the facts on these topics."""
        return Counter(fact.id for fact in self.facts(*topics))

    async def replay(self) -> None:
        """Has every topic read from offset 0."""
        for service in self.loop.services:
            async with service.database.connection() as connection:
                await connection.execute("UPDATE offsets SET next = 0")
        for consumer in self.loop.consumers:
            await consumer.assign()
        await self.loop.settle()
        await self.loop.advance(timedelta(minutes=2))


@asynccontextmanager
async def opened(settings: Settings, config: Path) -> AsyncIterator[World]:
    """Yields the services, started at NOON with the configuration files of this folder."""
    given: dict[str, Any] = {**dict(settings), "config_dir": config}
    given = {name: value for name, value in given.items() if name != "http_port"}
    async with post_office() as office, AsyncExitStack() as open_databases:
        host, port = office.address
        services = (
            monitor(MonitorSettings(**given)),
            notifier(NotifierSettings(**given, smtp_host=host, smtp_port=port, link_secret="a secret")),
            ticketing(TicketingSettings(**given)),
            console(ConsoleSettings(**given, console_token="the console's own")),
        )
        for service in services:
            await service.database.open()
            open_databases.push_async_callback(service.database.close)
            for stream in service.streams:
                stream.slowest = 0.0  # every batch is a checkpoint: nothing here waits for a second to pass
        topics, clock = FakeTopics(), Clock(settings)
        await clock.set(NOON)
        loop = FakeLoop(topics, clock, *services)
        await loop.start()
        yield World(topics, clock, loop, office)
