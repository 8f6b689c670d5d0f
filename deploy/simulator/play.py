"""Plays a story to Kafka: in real time, each event with its own moment, or as fast as the broker takes it. Judges nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from deploy.simulator.product import Message
from shared.cloudevents import FACT_HEADERS
from shared.connecting.brokers import Brokers, Producer
from shared.events import Topic

TICK_S = 0.02  # what is due within it goes out together
BATCH_BYTES = 256 * 1024
IN_FLIGHT = 64  # batches that wait for the broker before the player waits too
STOP_S = 5.0  # for what is left to be flushed when the player stops
AT_A_TIME = 2_000  # records put into batches before other tasks of the event loop run

_encode = msgspec.json.Encoder().encode
_partition = DefaultPartitioner()


class Record(NamedTuple):
    """Is a message as Kafka takes it, and when it is due, in seconds into the story."""

    offset: float
    topic: str
    key: bytes
    value: bytes
    timestamp_ms: int


def encode(messages: Iterable[Message], start: float, source: str = "/shop") -> Iterator[Record]:
    """Yields the messages of a story that starts at `start` (seconds since the epoch), as structured CloudEvents.

    `source` and id are an event's identity: a story that is told twice to the same topics needs two sources.
    """
    for offset, topic, key, id_, of_type, subject, data in messages:
        at = start + offset
        event = {
            "specversion": "1.0",
            "id": id_,
            "source": source,
            "type": of_type,
            "time": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
            "data": data,
        }
        if subject is not None:
            event["subject"] = subject
        yield Record(offset, topic, key.encode(), _encode(event), int(at * 1000))


@asynccontextmanager
async def producer(brokers: Brokers) -> AsyncIterator[Producer]:
    """Starts an idempotent producer that waits for all replicas; what it holds is flushed at the end, if a broker takes it."""
    kafka = brokers.producer(enable_idempotence=True, acks="all", max_batch_size=BATCH_BYTES, max_request_size=4 * BATCH_BYTES)
    try:
        await brokers.start(kafka)
        yield kafka
    finally:
        with suppress(TimeoutError):  # without a broker the flush would never end
            await asyncio.wait_for(kafka.stop(), STOP_S)


async def play(kafka: Producer, records: Iterable[Record], start: float | None = None) -> int:
    """Publishes all records and returns how many, once the broker has them all.

    With a `start` (seconds since the epoch) each goes out when it is due, and being late once does not
    make the later ones late; without, all go out as fast as the broker takes them.
    """
    out, played, due_now = _Outgoing(kafka), 0, 0
    for record in records:
        if start is not None and (ahead := start + record.offset - time.time()) > 0:
            await out.flush()
            due_now = 0
            await asyncio.sleep(max(ahead, TICK_S))
        await out.add(record)
        played, due_now = played + 1, due_now + 1
        if due_now >= AT_A_TIME:
            due_now = 0
            await asyncio.sleep(0)
    await out.flush()
    await out.delivered()
    return played


class _Outgoing:
    """Fills batches by partition. This costs a tenth of sending record by record: 50,000 a second from one process."""

    def __init__(self, kafka: Producer) -> None:
        self._kafka = kafka
        self._batches: dict[tuple[str, int], BatchBuilder] = {}
        self._partitions: dict[str, list[int]] = {}
        self._of_key: dict[tuple[str, bytes], int] = {}
        self._sent: set[asyncio.Future[object]] = set()

    async def add(self, record: Record) -> None:
        of_key = (record.topic, record.key)
        if (partition := self._of_key.get(of_key)) is None:
            partition = self._of_key[of_key] = _partition(record.key, await self._all(record.topic), [])
        place = (record.topic, partition)
        for _ in range(2):  # a full batch is sent, and the record goes into the next one
            if (batch := self._batches.get(place)) is None:
                batch = self._batches[place] = self._kafka.create_batch()
            if batch.append(key=record.key, value=record.value, timestamp=record.timestamp_ms, headers=list(FACT_HEADERS)):
                return
            await self._send(place)
        raise ValueError(f"a record of {len(record.value)} bytes fits in no batch")

    async def flush(self) -> None:
        """Sends what is held, whether the batches are full or not."""
        for place in list(self._batches):
            await self._send(place)

    async def delivered(self) -> None:
        """Waits until the broker has everything. Raises what it refused."""
        await asyncio.gather(*self._sent)

    async def _send(self, place: tuple[str, int]) -> None:
        topic, partition = place
        self._sent.add(await self._kafka.send_batch(self._batches.pop(place), topic, partition=partition))
        if len(self._sent) >= IN_FLIGHT:
            done, self._sent = await asyncio.wait(self._sent, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.gather(*done)

    async def _all(self, topic: str) -> list[int]:
        if topic not in self._partitions:
            self._partitions[topic] = sorted(await self._kafka.partitions_for(topic))
        return self._partitions[topic]


@asynccontextmanager
async def customers_told(brokers: Brokers) -> AsyncIterator[set[str]]:
    """Collects the customers to whom a notification was delivered since now; the set grows while the context lasts."""
    told: set[str] = set()
    consumer = brokers.consumer(Topic.NOTIFICATIONS, group_id=None, auto_offset_reset="latest")
    await brokers.start(consumer)
    listening = asyncio.create_task(_listen(consumer, told))
    try:
        yield told
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        await consumer.stop()


async def _listen(consumer: AIOKafkaConsumer, told: set[str]) -> None:
    async for record in consumer:
        with suppress(msgspec.DecodeError, msgspec.ValidationError):  # messages of others may not decode, and are ignored
            heard = msgspec.json.decode(record.value or b"null", type=_Heard)
            if heard.type == "forewarn.notification.delivered.v1":
                told.add(heard.subject)


class _Heard(msgspec.Struct):
    type: str
    subject: str
