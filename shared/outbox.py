"""Tell the others: a fact is a row, written in the transaction that made it true; a relay publishes the rows in order.

Publishing is at least once: after a crash between the broker's acceptance and our delete the same
bytes with the same id go out again. Facts about one thing are written under that thing's row lock or
by its partition's only owner, so the order of row ids is the order in which they became true.
One relay runs per service, however many replicas there are: it holds an advisory lock.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared import metrics
from shared.cloudevents import FACT_HEADERS, write_fact
from shared.events import TOPIC_OF, Fact
from shared.postgres import TRANSIENT, Database, Tx, wait_for_wakeup

log = logging.getLogger(__name__)

AT_ONCE = 2000
LARGEST_REQUEST = 4 << 20  # a dead letter of 1 MiB with its headers must fit
WRITE = "INSERT INTO outbox (topic, key, value, header_names, header_values) VALUES ($1, $2, $3, $4, $5)"
OLDEST = "SELECT id, topic, key, value, header_names, header_values FROM outbox ORDER BY id LIMIT $1"
DELETE = "DELETE FROM outbox WHERE id = ANY ($1::bigint[])"
LEAD = "SELECT pg_try_advisory_lock(hashtext('forewarn.relay.' || $1))"

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Message:
    """What goes to the broker as it is."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = FACT_HEADERS


async def say(tx: Tx, *facts: Fact) -> None:
    """Writes the facts down to be published once `tx` commits, keyed by what they are about."""
    await put(tx, [Message(TOPIC_OF[type(fact)], fact.subject.encode(), write_fact(fact)) for fact in facts])


async def put(tx: Tx, messages: Sequence[Message]) -> None:
    """Writes the messages down to be published once `tx` commits."""
    if messages:
        rows = [(m.topic, m.key, m.value, [name for name, _ in m.headers], [value for _, value in m.headers]) for m in messages]
        await tx.executemany(WRITE, rows)


class Relay:
    """Publishes what the outbox holds, in order, and deletes what the broker has accepted."""

    def __init__(self, database: Database, kafka: str) -> None:
        self._database = database
        self._kafka = kafka
        self._written = database.wakeup("outbox")

    async def run(self) -> None:
        """Until cancelled; a lost broker or database is waited for, and nothing is deleted meanwhile."""
        while True:
            try:
                await self._lead()
            except (*TRANSIENT, KafkaError) as error:
                log.warning("the relay stopped (%s), trying again", error)
            await asyncio.sleep(1)

    async def _lead(self) -> None:
        """Relays for as long as this process holds the lock, its database connection and its producer."""
        connection = await asyncpg.connect(**self._database.connect_arguments())
        try:
            while not await connection.fetchval(LEAD, self._database.schema):
                await wait_for_wakeup(self._written, 1)
            producer = AIOKafkaProducer(
                bootstrap_servers=self._kafka,
                acks="all",
                enable_idempotence=True,
                max_request_size=LARGEST_REQUEST,
                linger_ms=2,
                request_timeout_ms=10_000,
            )
            await producer.start()
            try:
                await self._relay(connection, producer)
            finally:
                await _stop(producer)
        finally:
            connection.terminate()

    async def _relay(self, connection: Tx, producer: AIOKafkaProducer) -> None:
        while True:
            self._written.clear()
            rows = await connection.fetch(OLDEST, AT_ONCE)
            await _publish(producer, rows)
            await connection.execute(DELETE, [row["id"] for row in rows])
            if len(rows) < AT_ONCE:
                await wait_for_wakeup(self._written, 1)


async def _publish(producer: AIOKafkaProducer, rows: Sequence[asyncpg.Record]) -> None:
    """Returns when the broker has accepted every row."""
    accepted = []
    for row in rows:
        headers = list(zip(row["header_names"], row["header_values"], strict=True))
        accepted.append(await producer.send(row["topic"], key=row["key"], value=row["value"], headers=headers))
    await asyncio.gather(*accepted)
    for row in rows:
        metrics.PUBLISHED.labels(row["topic"]).inc()


async def _stop(producer: AIOKafkaProducer) -> None:
    """A producer whose broker is gone would flush for ever; what it holds is still in the outbox."""
    try:
        await asyncio.wait_for(producer.stop(), 3)
    except (TimeoutError, KafkaError) as error:
        log.warning("the relay's producer did not stop cleanly: %s", error)
