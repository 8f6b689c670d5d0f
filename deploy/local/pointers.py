"""Pointers followed to their records: read where they stand in their own topic, for as long as the topic keeps them. Prints nothing."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from deploy.local.letters import Letter, Place
from deploy.local.reading import between, reader

NEAR = 5_000  # offsets that are read over rather than sought past


class Followed:
    """One topic, read at the places that pointers name."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def records(self, letters: Sequence[Letter]) -> dict[Place, ConsumerRecord]:
        """By the pointer's own place: its record, unless the topic no longer keeps it or was made anew."""
        found = {(record.partition, record.offset): record for record in await self._read({letter.stood_at for letter in letters})}
        return {letter.place: found[letter.stood_at] for letter in letters if _is_the_one(found.get(letter.stood_at), letter)}

    async def _read(self, places: Iterable[Place]) -> list[ConsumerRecord]:
        found: list[ConsumerRecord] = []
        for at, offsets in (await self._within_bounds(places)).items():
            wanted = set(offsets)
            for first, last in _stretches(offsets):
                async for each in between(self._consumer, at, first, last + 1):
                    if isinstance(each, ConsumerRecord) and each.offset in wanted:
                        found.append(each)
        return found

    async def _within_bounds(self, places: Iterable[Place]) -> dict[TopicPartition, list[int]]:
        """The offsets by partition, ascending, without what retention has deleted and partitions that are not there."""
        every = {at.partition: at for at in self._consumer.assignment()}
        wanted = sorted(place for place in places if place[0] in every)
        asked = sorted({every[partition] for partition, _ in wanted})
        if not asked:
            return {}
        begins, ends = await self._consumer.beginning_offsets(asked), await self._consumer.end_offsets(asked)
        left: dict[TopicPartition, list[int]] = {}
        for partition, offset in wanted:
            at = every[partition]
            if begins[at] <= offset < ends[at]:
                left.setdefault(at, []).append(offset)
        return left


def _stretches(offsets: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first and the last of those that are read in one go; `offsets` ascend."""
    first = last = offsets[0]
    for offset in offsets[1:]:
        if offset - last > NEAR:
            yield first, last
            first = offset
        last = offset
    yield first, last


def _is_the_one(record: ConsumerRecord | None, letter: Letter) -> bool:
    return record is not None and hashlib.sha256(record.value or b"").hexdigest() == letter.said("sha256")


@asynccontextmanager
async def following(kafka: str, topic: str) -> AsyncIterator[Followed]:
    """A reader of that topic, in no group."""
    async with reader(kafka, topic) as consumer:
        yield Followed(consumer)
