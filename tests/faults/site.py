"""A fault test has a site: one topic of its own, one database of its own, and the worker's accounts of what it did."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient

from deploy.topics import RECEIPTS
from shared.cloudevents import write_fact
from shared.events import CustomerUpdated
from shared.postgres import migrate
from tests.containers import PASSWORD, Kafka, Postgres
from tests.faults.checker import Account, account
from tests.faults.members import Member
from tests.faults.worker import NAME, TABLES
from tests.topics import everything_in

SHARED = Path(__file__).parent.parent.parent / "shared" / "migrations"


async def within(seconds: float, condition: Callable[[], Awaitable[bool]], what: str) -> float:
    """Waits for the condition; returns how many seconds that took. Raises TimeoutError that says what did not come true."""
    started = time.monotonic()
    while not await condition():
        if time.monotonic() - started > seconds:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(0.05)
    return time.monotonic() - started


@dataclass
class Site:
    """A worker's surroundings."""

    kafka: Kafka
    postgres: Postgres
    folder: Path
    topic: str = field(default_factory=lambda: f"faults.{uuid4().hex[:8]}.v1")
    produced: list[str] = field(default_factory=list)

    @property
    def database(self) -> str:
        return self.topic.replace(".", "_")

    async def prepare(self) -> None:
        await self.kafka.create(self.topic, f"{self.topic}.said", f"{self.topic}.dlq", RECEIPTS)
        admin = await self.postgres.connect()
        await admin.execute(f"CREATE DATABASE {self.database}")
        await admin.close()
        connection = await self.postgres.connect(self.database)
        await connection.execute(f"CREATE SCHEMA {NAME}")
        await migrate(connection, NAME, [SHARED])
        await connection.execute(TABLES)
        await connection.close()

    def member(self, name: str, **settings: str) -> Member:
        """Returns a worker, not yet started."""
        environment = {
            "FOREWARN_ENVIRONMENT": "demo",
            "FOREWARN_KAFKA": self.kafka.bootstrap,
            "FOREWARN_DATABASE_HOST": "localhost",
            "FOREWARN_DATABASE_PORT": str(self.postgres.port),
            "FOREWARN_DATABASE_NAME": self.database,
            "FOREWARN_DATABASE_USER": "postgres",
            "FOREWARN_DATABASE_PASSWORD": PASSWORD,
            "FOREWARN_WORKER_READS": self.topic,
            "FOREWARN_WORKER_SAYS": f"{self.topic}.said",
            **settings,
        }
        return Member(name, "tests.faults.worker", environment, self.folder / f"{name}.log")

    # ── what goes in ─────────────────────────────────────────────────────────────────────────

    async def produce(self, count: int, *, name: str = "") -> None:
        """Publishes that many events with ids of their own."""
        async with producing(self.kafka) as producer:
            await self._publish(producer, count, name)

    @asynccontextmanager
    async def load(self, a_second: int = 1_000) -> AsyncIterator[None]:
        """Publishes events for as long as the context lasts."""
        over = asyncio.Event()
        publishing = asyncio.create_task(self._publish_until(over, a_second))
        try:
            yield
        finally:
            over.set()
            await publishing

    async def _publish_until(self, over: asyncio.Event, a_second: int) -> None:
        async with producing(self.kafka) as producer:
            while not over.is_set():
                started = time.monotonic()
                await self._publish(producer, a_second // 10)
                await asyncio.sleep(max(0.0, started + 0.1 - time.monotonic()))

    async def _publish(self, producer: AIOKafkaProducer, count: int, name: str = "") -> None:
        first, now = len(self.produced), datetime.now(UTC)
        ids = [f"e-{first + n}" for n in range(count)]
        self.produced += ids
        facts = [CustomerUpdated.of(CustomerUpdated.Data(name=name), subject=each, at=now) for each in ids]
        await asyncio.gather(*[await producer.send(self.topic, write_fact(fact), key=fact.subject.encode()) for fact in facts])

    async def put(self, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()) -> None:
        """Publishes any bytes."""
        async with producing(self.kafka) as producer:
            await producer.send_and_wait(self.topic, value, key=b"bytes", headers=list(headers))

    async def put_many(self, value: bytes, count: int) -> None:
        """Publishes the same bytes so many times, over all partitions."""
        async with producing(self.kafka) as producer:
            await asyncio.gather(*[await producer.send(self.topic, value, key=b"%d" % number) for number in range(count)])

    # ── what came of it ──────────────────────────────────────────────────────────────────────

    async def rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await self.postgres.connect(self.database)
        try:
            await connection.execute(f"SET search_path TO {NAME}")
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    async def counted(self, first: int) -> int:
        """Returns how many of the `first` events that were produced are counted."""
        [[count]] = await self.rows("SELECT count(*) FROM counted WHERE substr(id, 3)::int < $1", first)
        return int(count)

    async def slowest(self) -> float:
        """Returns seconds from the moment an event was said to the moment it was counted, at most."""
        [[seconds]] = await self.rows("SELECT extract(epoch FROM max(counted_at - said_at))::float8 FROM counted")
        return float(seconds)

    async def reaches(self, seconds: float = 60) -> float:
        """Returns how long until everything produced by now is counted."""
        goal = len(self.produced)

        async def there() -> bool:
            return await self.counted(goal) >= goal

        return await within(seconds, there, f"{goal} events counted")

    async def stands_at(self) -> dict[int, int]:
        """Returns where the worker goes on in each partition."""
        return {row["partition"]: row["next"] for row in await self.rows("SELECT partition, next FROM offsets")}

    async def told_broker(self) -> dict[int, int]:
        """Returns where Kafka was told that the worker goes on."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.bootstrap)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(f"forewarn-{NAME}-{self.topic}")
            return {at.partition: told.offset for at, told in offsets.items()}
        finally:
            await admin.close()

    async def at_rest(self) -> bool:
        """Says whether the worker has done and published everything it was asked."""
        [[done, waiting]] = await self.rows(
            "SELECT (SELECT coalesce(sum(next), 0) FROM offsets),"
            " (SELECT count(*) FROM outbox) + (SELECT count(*) FROM due WHERE kind = 'bell')"
        )
        return int(done) >= len(self.produced) and waiting == 0

    async def all_said(self) -> bool:
        """Says whether nothing waits to be published."""
        return not await self.rows("SELECT FROM outbox LIMIT 1")

    async def settled(self, seconds: float = 60) -> float:
        """Waits until it is at rest."""
        return await within(seconds, self.at_rest, f"{len(self.produced)} events worked off")

    async def account(self) -> Account:
        """Returns what became of the events, by the worker's own table and the dead letters."""
        dead = [(record.key or b"").decode() for record in await self.records(f"{self.topic}.dlq")]
        return account(self.produced, [row["id"] for row in await self.rows("SELECT id FROM counted")], dead)

    async def bells(self) -> Account:
        """Returns what became of the work that was due."""
        asked = [row["id"] for row in await self.rows("SELECT id FROM counted WHERE id LIKE '%0'")]
        return account(asked, [row["id"] for row in await self.rows("SELECT id FROM rung")])

    async def said(self) -> set[str]:
        """Returns the ids on the topic where the worker says what it counted."""
        return {(record.key or b"").decode() for record in await self.records(f"{self.topic}.said")}

    async def records(self, topic: str) -> list[ConsumerRecord]:
        """Returns everything that a topic holds."""
        return await everything_in(topic, self.kafka.bootstrap)


@asynccontextmanager
async def producing(kafka: Kafka) -> AsyncIterator[AIOKafkaProducer]:
    """Yields an idempotent producer while the context lasts."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, enable_idempotence=True, acks="all", linger_ms=2)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()
