"""Pointers followed to their records: read where they stand in their own topic, for as long as the topic keeps them. Prints nothing."""

import hashlib
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from deploy.local.letters import Letter, Place
from deploy.local.processes import Failed

NEAR = 5_000  # offsets that are read over rather than sought past
IDLE = 20  # polls in a row that bring nothing, half a second each, before the broker counts as gone

Left = dict[TopicPartition, deque[int]]  # the offsets still to be read, ascending


class Followed:
    """One topic, read at the places that pointers name."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: str) -> None:
        self._consumer, self._topic = consumer, topic

    async def records(self, letters: Sequence[Letter]) -> dict[Place, ConsumerRecord]:
        """By the pointer's own place: its record, unless the topic no longer keeps it or was made anew."""
        found = {(record.partition, record.offset): record for record in await self._read({letter.stood_at for letter in letters})}
        return {letter.place: found[letter.stood_at] for letter in letters if _is_the_one(found.get(letter.stood_at), letter)}

    async def _read(self, places: Iterable[Place]) -> list[ConsumerRecord]:
        left, ends = await self._within_bounds(places)
        self._consumer.pause(*self._consumer.assignment())
        self._consumer.resume(*left)
        for at, offsets in left.items():
            self._consumer.seek(at, offsets[0])
        found: list[ConsumerRecord] = []
        idle = 0
        while left:
            batches = await self._consumer.getmany(*left, timeout_ms=500)
            for at, records in batches.items():
                found += self._taken(at, left[at], records)
            for at in list(left):
                if not left[at] or await self._consumer.position(at) >= ends[at]:
                    del left[at]
            idle = 0 if batches else idle + 1
            if idle > IDLE:
                raise Failed(f"{self._topic}: the broker brings nothing")
        return found

    async def _within_bounds(self, places: Iterable[Place]) -> tuple[Left, dict[TopicPartition, int]]:
        """Leaves out what retention has deleted, and partitions that are not there."""
        every = {at.partition: at for at in self._consumer.assignment()}
        wanted = sorted(place for place in places if place[0] in every)
        asked = sorted({every[partition] for partition, _ in wanted})
        if not asked:
            return {}, {}
        begins, ends = await self._consumer.beginning_offsets(asked), await self._consumer.end_offsets(asked)
        left: Left = {}
        for partition, offset in wanted:
            at = every[partition]
            if begins[at] <= offset < ends[at]:
                left.setdefault(at, deque()).append(offset)
        return left, ends

    def _taken(self, at: TopicPartition, offsets: deque[int], records: Sequence[ConsumerRecord]) -> list[ConsumerRecord]:
        """Those of the records that are wanted; what was passed over is not there any more (compaction)."""
        wanted, last = set(offsets), records[-1].offset
        while offsets and offsets[0] <= last:
            offsets.popleft()
        if offsets and offsets[0] - last > NEAR:
            self._consumer.seek(at, offsets[0])
        return [record for record in records if record.offset in wanted]


def _is_the_one(record: ConsumerRecord | None, letter: Letter) -> bool:
    return record is not None and hashlib.sha256(record.value or b"").hexdigest() == letter.said("sha256")


@asynccontextmanager
async def following(kafka: str, topic: str) -> AsyncIterator[Followed]:
    """A reader of that topic, in no group."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, group_id=None, auto_offset_reset="latest")
    try:
        await consumer.start()
        yield Followed(consumer, topic)
    except KafkaError as error:
        raise Failed(f"Kafka at {kafka}: {error!r}") from error
    finally:
        await consumer.stop()
