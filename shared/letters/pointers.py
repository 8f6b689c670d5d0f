"""Follows pointers to their records: reads them where they stand in their own topic, for as long as the topic keeps them.

Prints nothing.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared.connecting.brokers import Brokers
from shared.letters.letters import Letter, Place
from shared.letters.reading import between, reader
from shared.streaming.unpacking import Unreadable

NEAR = 5_000  # offsets that are read over rather than sought past


class Followed:
    """Reads one topic at the places that pointers name."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def records(self, letters: Sequence[Letter]) -> dict[Place, ConsumerRecord]:
        """Returns records by the pointer's own place, unless one is kept no longer, cannot be unpacked, or the topic was made anew."""
        pointing: dict[Place, list[Letter]] = {}
        for letter in letters:
            pointing.setdefault(letter.stood_at, []).append(letter)
        found: dict[Place, ConsumerRecord] = {}
        async for record in self._around(pointing):
            theirs = pointing.get((record.partition, record.offset), ())
            found.update({letter.place: record for letter in theirs if _is_the_one(record, letter)})
        return found

    async def _around(self, places: Iterable[Place]) -> AsyncIterator[ConsumerRecord]:
        """Yields the records at these places, and those that are read over on the way."""
        for at, offsets in (await self._within_bounds(places)).items():
            for first, last in _stretches(offsets):
                async for each in between(self._consumer, at, first, last + 1):
                    if not isinstance(each, Unreadable):
                        yield each

    async def _within_bounds(self, places: Iterable[Place]) -> dict[TopicPartition, list[int]]:
        """Returns the offsets by partition, ascending, without what retention has deleted and partitions that are not there."""
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
    """Yields the first and the last of those that are read in one go; `offsets` ascend."""
    first = last = offsets[0]
    for offset in offsets[1:]:
        if offset - last > NEAR:
            yield first, last
            first = offset
        last = offset
    yield first, last


def _is_the_one(record: ConsumerRecord, letter: Letter) -> bool:
    value = record.value or b""
    return len(value) == letter.size and hashlib.sha256(value).hexdigest() == letter.said("sha256")


@asynccontextmanager
async def following(brokers: Brokers, topic: str) -> AsyncIterator[Followed]:
    """Opens a reader of that topic, in no group."""
    async with reader(brokers, topic) as consumer:
        yield Followed(consumer)
