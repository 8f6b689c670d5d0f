"""Writes records in bulk to partitions that the caller chooses, before the offset of what they come from moves.

This is at least once: after a crash between the broker's acceptance and the commit of the offset, the same records are written again,
and whoever reads them must know them again (product events have `source` and `id`). Facts go through the outbox, exactly once; a row
written, read and deleted for each of many thousand records a second would cost more than the records do.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiokafka.errors import KafkaError

from shared.cloudevents import Headers
from shared.connecting.brokers import Brokers, Producer
from shared.outgoing.rows import REFUSALS

log = logging.getLogger(__name__)

BATCH = 256 << 10  # bytes of one batch
LARGEST = 4 << 20  # bytes of a record; a larger one is refused without asking the broker


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Is one record to be written."""

    partition: int
    key: bytes
    value: bytes | None
    headers: Headers
    timestamp: int | None  # milliseconds since the epoch; None or below 0: now

    @property
    def size(self) -> int:
        return len(self.key) + len(self.value or b"") + sum(len(name) + len(held or b"") for name, held in self.headers)


class Forward(Protocol):
    """Takes records to their partitions."""

    async def send(self, records: Sequence[Forwarded]) -> list[Forwarded]:
        """Returns when the broker has all records but those returned, which it refuses for good. Raises KafkaError when it does not answer.

        The caller waits meanwhile, so it reads no faster than the broker writes.
        """


class Forwarder:
    """Is a producer for one topic, which connects when there is something to send."""

    def __init__(self, brokers: Brokers, topic: str) -> None:
        self._brokers, self._topic = brokers, topic
        self._producer: Producer | None = None

    async def send(self, records: Sequence[Forwarded]) -> list[Forwarded]:
        """Sends the records as `Forward` promises."""
        refused = [record for record in records if record.size > LARGEST]
        for batch in await self._refused([record for record in records if record.size <= LARGEST]):
            alone = [await self._refused([record]) for record in batch] if len(batch) > 1 else [[batch]]
            refused += [record for batches in alone for held in batches for record in held]
        return refused

    async def partitions(self) -> int:
        """Returns how many partitions the topic has. Raises KafkaError when the broker does not answer."""
        producer = await self._connected()
        return len(list(await producer.partitions_for(self._topic)))

    async def _refused(self, records: Sequence[Forwarded]) -> list[list[Forwarded]]:
        """Sends the records; returns the batches that the broker refuses."""
        producer = await self._connected()
        under_way: list[tuple[list[Forwarded], asyncio.Future[Any]]] = []
        try:
            for partition, held, batch in _batches(producer, records):
                under_way.append((held, await producer.send_batch(batch, self._topic, partition=partition)))
        finally:
            outcomes = await asyncio.gather(*(future for _, future in under_way), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and type(outcome) not in REFUSALS:
                raise outcome
        return [held for (held, _), outcome in zip(under_way, outcomes, strict=True) if isinstance(outcome, BaseException)]

    async def _connected(self) -> Producer:
        if self._producer is None:
            producer = self._brokers.producer(acks="all", max_batch_size=BATCH, max_request_size=2 * LARGEST, request_timeout_ms=10_000)
            try:
                await self._brokers.start(producer)
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def run(self) -> None:
        """Runs until cancelled, and then ends its connection, if there is one."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def close(self) -> None:
        """Ends the connection. What was sent has been awaited."""
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                async with asyncio.timeout(3):
                    await producer.stop()
            except (TimeoutError, KafkaError) as error:
                log.warning("the forwarding producer did not stop cleanly: %s", error)


def _batches(producer: Producer, records: Sequence[Forwarded]) -> Iterator[tuple[int, list[Forwarded], Any]]:
    """Yields partition, records and filled batch, in the order of the records of each partition."""
    filling: dict[int, tuple[list[Forwarded], Any]] = {}
    for record in records:
        held, batch = filling.get(record.partition) or ([], producer.create_batch())
        if not _append(batch, record):
            yield record.partition, held, batch
            held, batch = [], producer.create_batch()
            _append(batch, record)  # the first record of a batch may be larger than the batch
        held.append(record)
        filling[record.partition] = held, batch
    for partition, (held, batch) in filling.items():
        yield partition, held, batch


def _append(batch: Any, record: Forwarded) -> bool:
    timestamp = record.timestamp if record.timestamp is not None and record.timestamp >= 0 else None
    return batch.append(timestamp=timestamp, key=record.key, value=record.value, headers=list(record.headers)) is not None
