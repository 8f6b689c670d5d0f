"""Reads topics from where they begin, in no group, so that the streams that serve are not disturbed."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared.connecting.brokers import Brokers
from shared.events import Topic
from shared.streaming import fetching

POLL_MS = 500
IDLE = 20  # polls in a row that bring nothing before the broker counts as gone

Place = tuple[Topic, int]  # a partition


class Silent(Exception):
    """The broker brings nothing of a partition that has more."""


class Source(Protocol):
    """Is what a rebuild asks of Kafka; tests have one of their own."""

    async def begin(self, place: Place) -> int:
        """Returns the first offset that the broker still has."""

    def between(self, place: Place, first: int, end: int) -> AsyncIterator[Sequence[ConsumerRecord]]:
        """Yields what a partition has from an offset up to `end`, in order and in pieces. Raises Silent."""


class Kafka:
    """Reads from the brokers, one partition after the other."""

    def __init__(self, brokers: Brokers, consumer: AIOKafkaConsumer) -> None:
        self._brokers, self._consumer = brokers, consumer

    async def begin(self, place: Place) -> int:
        at = self._at(place)
        begins: dict[TopicPartition, int] = await self._consumer.beginning_offsets([at])
        return begins[at]

    async def between(self, place: Place, first: int, end: int) -> AsyncIterator[Sequence[ConsumerRecord]]:
        at = self._at(place)
        self._consumer.assign([at])
        self._consumer.seek(at, first)
        idle = 0
        while (position := await self._consumer.position(at)) < end:
            records = (await self._consumer.getmany(at, timeout_ms=POLL_MS)).get(at, [])
            if found := [record for record in records if record.offset < end]:
                yield self._brokers.named(found)
            idle = 0 if await self._consumer.position(at) > position else idle + 1
            if idle > IDLE:
                raise Silent(f"{place[0]} {place[1]}: the broker brings nothing")

    def _at(self, place: Place) -> TopicPartition:
        return TopicPartition(self._brokers.there(place[0]), place[1])


@asynccontextmanager
async def kafka(brokers: Brokers) -> AsyncIterator[Kafka]:
    """Opens a reader. Raises KafkaError when no broker lets us in."""
    fetching.install()
    consumer = brokers.consumer(
        group_id=None, auto_offset_reset="earliest", isolation_level="read_committed", fetch_max_wait_ms=50, max_poll_records=2000
    )
    try:
        await brokers.start(consumer)
        yield Kafka(brokers, consumer)
    finally:
        await consumer.stop()


def said_at(record: ConsumerRecord) -> datetime:
    """Returns when the record was written."""
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)
