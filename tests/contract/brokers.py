"""Three brokers behind one small interface: our own in memory, librdkafka's mock cluster, and a real Kafka."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Protocol

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from shared import kafka
from shared.connecting.brokers import Brokers
from shared.outbox import Headers
from shared.stream import Stream
from tests.fakes import FakeConsumer, FakeTopics

PARTITIONS = 4  # the mock cluster knows no other number
WITHIN = 30  # seconds for what a broker is to bring


class Broker(Protocol):
    """The interface that the suite needs of any broker."""

    async def create(self, topic: str) -> None:
        """Creates the topic with its partitions."""

    async def put(self, topic: str, value: bytes | None, *, key: bytes | None = None, headers: Headers = ()) -> tuple[int, int]:
        """Appends a record where its key belongs; returns partition and offset."""

    def feeding(self, stream: Stream) -> AbstractAsyncContextManager[None]:
        """Runs the stream while the context lasts, as the only member of its group."""


class Historic(Broker, Protocol):
    """A broker that also does what time does to a log."""

    async def forget_before(self, topic: str, partition: int, offset: int) -> None:
        """Deletes older records, as retention does."""

    async def recreate(self, topic: str) -> None:
        """Deletes the topic and makes another of that name; what a restore meets on another broker."""

    async def put_in_transaction(self, topic: str, value: bytes) -> None:
        """Appends to the first partition in a transaction; the offset after it is the transaction's marker, which no reader ever sees."""


class InMemory:
    """`tests/fakes.py`, turned for as long as somebody is to be fed."""

    def __init__(self) -> None:
        self._topics = FakeTopics(PARTITIONS)

    async def create(self, topic: str) -> None:
        assert len(self._topics.logs(topic)) == PARTITIONS

    async def put(self, topic: str, value: bytes | None, *, key: bytes | None = None, headers: Headers = ()) -> tuple[int, int]:
        record = self._topics.put(topic, value, key=key, headers=headers)
        return record.partition, record.offset

    @asynccontextmanager
    async def feeding(self, stream: Stream) -> AsyncIterator[None]:
        consumer = FakeConsumer(self._topics, stream)
        await consumer.assign()
        async with _running(lambda: _turn(consumer)):
            yield
        await consumer.revoke()

    async def forget_before(self, topic: str, partition: int, offset: int) -> None:
        self._topics.forget_before(topic, partition, offset)

    async def recreate(self, topic: str) -> None:
        self._topics.recreate(topic)

    async def put_in_transaction(self, topic: str, value: bytes) -> None:
        self._topics.put(topic, value, headers=())
        self._topics.skip(topic, 0)


class Served:
    """A broker that listens somewhere; fed as in production, with a prefix of names where there are others on it."""

    def __init__(self, bootstrap: str, create: Callable[[str], Awaitable[None]] | None = None, prefix: str = "") -> None:
        """`create`: whether topics must be created first."""
        self._bootstrap, self._create = bootstrap, create
        self._brokers = Brokers(bootstrap, prefix)

    async def create(self, topic: str) -> None:
        if self._create:
            await self._create(self._brokers.there(topic))

    async def put(self, topic: str, value: bytes | None, *, key: bytes | None = None, headers: Headers = ()) -> tuple[int, int]:
        async with AIOKafkaProducer(bootstrap_servers=self._bootstrap, acks="all", enable_idempotence=True) as producer:
            partition = 0 if key is None else None
            sent = await producer.send_and_wait(self._brokers.there(topic), value, key=key, headers=list(headers), partition=partition)
        return sent.partition, sent.offset

    @asynccontextmanager
    async def feeding(self, stream: Stream) -> AsyncIterator[None]:
        broker = kafka.broker(self._brokers, [stream])
        await broker.start()
        try:
            async with _running(stream.run):
                yield
            await stream.stop()
        finally:
            await broker.stop()

    async def forget_before(self, topic: str, partition: int, offset: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        await admin.start()
        try:
            await admin.delete_records({TopicPartition(self._brokers.there(topic), partition): RecordsToDelete(before_offset=offset)})
        finally:
            await admin.close()

    async def recreate(self, topic: str) -> None:
        there = self._brokers.there(topic)
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        await admin.start()
        try:
            await admin.delete_topics([there])
            async with asyncio.timeout(WITHIN):
                while there in await admin.list_topics():  # noqa: ASYNC110  a broker cannot signal
                    await asyncio.sleep(0.05)
        finally:
            await admin.close()
        await self.create(topic)

    async def put_in_transaction(self, topic: str, value: bytes) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self._bootstrap, transactional_id=topic) as producer, producer.transaction():
            await producer.send_and_wait(self._brokers.there(topic), value, partition=0)


@asynccontextmanager
async def _running(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    async def run() -> None:
        await work()

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _turn(consumer: FakeConsumer) -> None:
    while True:
        await consumer.turn()
        await asyncio.sleep(0.01)


async def eventually(condition: Callable[[], bool]) -> None:
    """Returns when the condition holds. Raises TimeoutError when it does not in time."""
    async with asyncio.timeout(WITHIN):
        while not condition():  # noqa: ASYNC110  a broker cannot signal
            await asyncio.sleep(0.01)
