"""Reads what a topic holds, whatever that is: a record that the client library cannot unpack is an `Unreadable` in its place."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.connecting.brokers import Brokers
from shared.failed import Failed
from shared.streaming import fetching, unpacking

POLL_MS = 500
IDLE = 20  # polls in a row that bring nothing before the broker counts as gone


@asynccontextmanager
async def reader(brokers: Brokers, *names: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Opens a consumer in no group, which has all partitions of the topics. Raises Failed when the broker is away or refuses."""
    fetching.install()
    said_by = logging.getLogger(unpacking.__name__)
    level = said_by.level
    said_by.setLevel(logging.CRITICAL)  # the caller reports what is unreadable
    consumer = brokers.consumer(
        *names,
        group_id=None,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,  # a seek waits for the fetch under way
    )
    try:
        await brokers.start(consumer)
        yield consumer
    except KafkaError as error:
        raise Failed(f"Kafka at {brokers.servers}: {error}") from error
    finally:
        said_by.setLevel(level)
        await consumer.stop()


async def topics(brokers: Brokers) -> list[str]:
    """Returns the names of all topics of ours."""
    async with reader(brokers) as consumer:
        return sorted(name for each in await consumer.topics() if (name := brokers.ours(each)) is not None)


async def everything(brokers: Brokers, name: str, latest: int | None = None) -> AsyncIterator[ConsumerRecord]:
    """Yields what the topic holds by now, partition by partition; with `latest`, only what stands at so many last offsets of each."""
    async with reader(brokers, name) as consumer:
        places = sorted(consumer.assignment())
        begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        for at in places:
            first = begins[at] if latest is None else max(begins[at], ends[at] - latest)
            async for each in between(consumer, at, first, ends[at]):
                brokers.named([each])
                yield each


async def between(consumer: AIOKafkaConsumer, at: TopicPartition, first: int, end: int) -> AsyncIterator[ConsumerRecord]:
    """Yields what one partition holds from the offset `first` up to `end`, in order. Raises Failed when the broker brings nothing."""
    consumer.pause(*consumer.assignment())
    consumer.resume(at)
    consumer.seek(at, first)
    idle = 0
    while (position := await consumer.position(at)) < end:
        for record in (await consumer.getmany(at, timeout_ms=POLL_MS)).get(at, []):
            if record.offset < end:
                yield record
        idle = 0 if await consumer.position(at) > position else idle + 1
        if idle > IDLE:
            raise Failed(f"{at.topic}: the broker brings nothing")
