"""What the rooms on real servers share: a directory, an incident that touches many, and a mail server that counts in its own process."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
from confluent_kafka import Producer

from bench.servers import Servers, service, until_ready
from deploy.local.processes import Child, announced, child
from shared.cloudevents import FACT_HEADERS, write_fact
from shared.events import Affected, Fact, IncidentImpact, IncidentOpened, IncidentResolved, Topic
from shared.postgres import Queries

queries = Queries(Path(__file__).with_name("filling.sql"))

AT_ONCE = 500  # customers of an impact, as monitor says them
EVERY = 0.05  # seconds between two looks
WITHIN = 300.0  # seconds that a room may wait for what it measures
STARTS_WITHIN = 20.0  # seconds
WHO = {"rule": "requests-failing", "component": "part-0", "severity": "high", "title": "part-0 is failing"}


@dataclass(frozen=True)
class Office:
    """A mail server in a process of its own."""

    port: int
    asked: int

    @property
    def settings(self) -> dict[str, str]:
        return {"FOREWARN_SMTP_HOST": "127.0.0.1", "FOREWARN_SMTP_PORT": str(self.port)}

    async def look(self, prefix: str = "") -> dict[str, object]:
        """Returns how many mails there were, and when the first came for each recipient that begins so."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.asked)
        writer.write(f"{prefix}\n".encode())
        said = await reader.read()
        writer.close()
        found: dict[str, object] = json.loads(said)
        return found

    async def count(self) -> int:
        return int(str((await self.look())["count"]))


@asynccontextmanager
async def office(folder: Path, name: str = "sink") -> AsyncIterator[Office]:
    async with child("bench.notifier.sink", environment={}, log=folder / f"{name}.log") as sink:
        port, asked = [int(await announced(sink, what, STARTS_WITHIN)) for what in ("listening on ", "asked on ")]
        yield Office(port, asked)


@asynccontextmanager
async def black_hole() -> AsyncIterator[dict[str, str]]:
    """Yields the settings of a mail server that takes connections and never says a word."""

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silence, "127.0.0.1", 0) as server:
        yield {"FOREWARN_SMTP_HOST": "127.0.0.1", "FOREWARN_SMTP_PORT": str(server.sockets[0].getsockname()[1])}


@asynccontextmanager
async def notifier(of: Servers, settings: dict[str, str]) -> AsyncIterator[tuple[Child, int]]:
    """Yields one notifier that is ready, and its port."""
    async with service(of, "notifier", settings) as running:
        await until_ready(running)
        yield running


async def fill(of: Servers, name: str, *values: object) -> None:
    """Fills tables by one of the queries of filling.sql."""
    connection = await of.connect()
    try:
        await connection.execute("SET search_path = notifier, public; SET synchronous_commit = off")
        await connection.execute(getattr(queries, name), *values, timeout=WITHIN)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def reached(of: Callable[[], Awaitable[int]], count: int) -> float:
    """Returns the moment (of the loop's clock) at which the count is reached. Raises TimeoutError when it is not."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(WITHIN):
        while await of() < count:  # noqa: ASYNC110  another process counts
            await asyncio.sleep(EVERY)
    return loop.time()


async def entered(connection: asyncpg.Connection) -> Callable[[], Awaitable[int]]:
    """Returns a function that says how many customers are written down for incidents: one row says it, and nobody need count them."""

    async def count() -> int:
        return int(await connection.fetchval("SELECT coalesce(sum(total), 0) FROM notifier.gates"))

    return count


def opened(incident_id: str, at: datetime) -> IncidentOpened:
    data = IncidentOpened.Data(incident_id=incident_id, started_at=at - timedelta(seconds=15), opened_at=at, why={}, **WHO)
    return IncidentOpened.of(data, subject=incident_id, at=at)


def resolved(incident_id: str, at: datetime, started_at: datetime, affected: int) -> IncidentResolved:
    data = IncidentResolved.Data(
        incident_id=incident_id, started_at=started_at, resolved_at=at, revision=1, affected=affected, why={}, **WHO
    )
    return IncidentResolved.of(data, subject=incident_id, at=at, unique=at)


def impacts(incident_id: str, at: datetime, customers: Sequence[str]) -> list[IncidentImpact]:
    """Returns the facts that say whom it touches, as many as monitor would say."""
    facts = []
    for chunk, begin in enumerate(range(0, len(customers), AT_ONCE)):
        affected = tuple(
            Affected(customer_id=each, certainty="confirmed", first_seen_at=at, last_seen_at=at, count=3)
            for each in customers[begin : begin + AT_ONCE]
        )
        data = IncidentImpact.Data(incident_id=incident_id, chunk=chunk, customers=affected)
        facts.append(IncidentImpact.of(data, subject=incident_id, at=at, unique=chunk))
    return facts


def say(of: Servers, facts: Sequence[Fact]) -> None:
    """Publishes facts about incidents, and returns when the broker has all of them."""
    producer = Producer({"bootstrap.servers": of.bootstrap, "acks": "all", "partitioner": "murmur2_random"})
    for fact in facts:
        producer.produce(Topic.INCIDENTS, write_fact(fact), fact.subject.encode(), headers=list(FACT_HEADERS))
        producer.poll(0)
    producer.flush(30)


def now() -> datetime:
    return datetime.now(UTC)
