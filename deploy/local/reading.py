"""Reads what a topic holds, whatever that is: a record that the client library cannot unpack is named with its place, and read past."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaError, UnsupportedCodecError

from deploy.local.processes import Failed

POLL_MS = 500
IDLE = 20  # polls in a row that bring nothing before the broker counts as gone


@dataclass(frozen=True)
class Unreadable:
    """A record of which the client library makes no message: its place and the class of the error are all that is known."""

    partition: int
    offset: int
    error: str


@asynccontextmanager
async def reader(kafka: str, *names: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer in no group, which has all partitions of the topics. Raises Failed when the broker is away or refuses."""
    consumer = AIOKafkaConsumer(
        *names,
        bootstrap_servers=kafka,
        group_id=None,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,  # a seek waits for the fetch under way
    )
    try:
        await consumer.start()
        yield consumer
    except KafkaError as error:
        raise Failed(f"Kafka at {kafka}: {error!r}") from error
    finally:
        await consumer.stop()


async def topics(kafka: str) -> list[str]:
    """The names of all topics there are."""
    async with reader(kafka) as consumer:
        return sorted(await consumer.topics())


async def everything(kafka: str, name: str) -> AsyncIterator[ConsumerRecord | Unreadable]:
    """What the topic holds by now, partition by partition."""
    async with reader(kafka, name) as consumer:
        places = sorted(consumer.assignment())
        begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        for at in places:
            async for each in between(consumer, at, begins[at], ends[at]):
                yield each


async def between(consumer: AIOKafkaConsumer, at: TopicPartition, first: int, end: int) -> AsyncIterator[ConsumerRecord | Unreadable]:
    """What one partition holds from the offset `first` up to `end`, in order. Raises Failed when the broker brings nothing.

    A poll that meets a record it cannot unpack raises and loses those before it. So they are read again one by one up to
    that record; and so are those after it, since all that came in the same batch cannot be unpacked any more.
    """
    consumer.pause(*consumer.assignment())
    consumer.resume(at)
    consumer.seek(at, first)
    one_by_one = passed = False
    idle = 0
    while (position := await consumer.position(at)) < end:
        try:
            found = (await consumer.getmany(at, timeout_ms=POLL_MS, max_records=1 if one_by_one else None)).get(at, [])
        except Exception as error:  # whatever a codec or a decoder raises
            if isinstance(error, KafkaError) and not isinstance(error, CorruptRecordException | UnsupportedCodecError):
                raise
            if one_by_one:
                yield Unreadable(at.partition, position, type(error).__name__)
                passed = True
            one_by_one = True
            consumer.seek(at, position + passed)
            continue
        for record in found:
            if record.offset < end:
                yield record
        if found and passed:
            one_by_one = passed = False
        idle = 0 if await consumer.position(at) > position else idle + 1
        if idle > IDLE:
            raise Failed(f"{at.topic}: the broker brings nothing")
