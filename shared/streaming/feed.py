"""Wraps the consumer of one topic for its stream: by partition number, and harmless to call while there is no consumer yet."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple, Protocol

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaConnectionError

from shared.streaming.offsets import Log, Position


class Consumer(Protocol):
    """Names the part of aiokafka's consumer that a stream needs."""

    def seek(self, partition: TopicPartition, offset: int) -> None: ...
    def pause(self, *partitions: TopicPartition) -> None: ...
    def resume(self, *partitions: TopicPartition) -> None: ...
    def partitions_for_topic(self, topic: str) -> set[int] | None: ...
    def highwater(self, partition: TopicPartition) -> int | None: ...
    def last_stable_offset(self, partition: TopicPartition) -> int | None: ...
    async def position(self, partition: TopicPartition) -> int: ...
    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]: ...
    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]: ...
    async def commit(self, offsets: dict[TopicPartition, int]) -> None: ...


async def unidentified() -> None:
    """Returns no identity: the topic ids are unknown at these brokers."""


class Feed:
    """Queries and controls the consumer of one topic.

    Raises KafkaError where the broker refuses, TimeoutError where it does not answer in time.
    """

    def __init__(self, topic: Callable[[], str], consumer: Callable[[], Consumer | None]) -> None:
        """Takes the topic's name, `topic`, as the brokers call it."""
        self._topic, self._consumer = topic, consumer

    def partitions(self) -> int:
        """Returns how many partitions the topic has."""
        consumer = self._consumer()
        known = consumer.partitions_for_topic(self._topic()) if consumer is not None else None
        if not known:
            raise KafkaConnectionError(f"the broker has not told the partitions of {self._topic()} yet")
        return len(known)

    def seek(self, partition: int, offset: int) -> None:
        """Makes the next poll of this partition begin at the offset."""
        if (consumer := self._consumer()) is not None:
            consumer.seek(self._at(partition), offset)

    def pause(self, partitions: Collection[int]) -> None:
        """Stops polls from bringing records of these partitions until `resume`."""
        if (consumer := self._consumer()) is not None:
            consumer.pause(*map(self._at, partitions))

    def resume(self, partitions: Collection[int]) -> None:
        if (consumer := self._consumer()) is not None:
            consumer.resume(*map(self._at, partitions))

    async def log(self, partitions: Collection[int], identity: Callable[[], Awaitable[str | None]]) -> Log:
        """Returns the first and the next offset the broker has of each partition, and the topic's identity."""
        consumer, places = self._consumer(), [*map(self._at, partitions)]
        if consumer is None:
            return Log()
        begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        return Log(_numbered(begins), _numbered(ends), await identity())

    async def ends(self, partitions: Collection[int], within: float) -> dict[int, int]:
        """Returns the next offset of each partition, which a paused consumer does not learn by itself."""
        consumer = self._consumer()
        if consumer is None:
            return {}
        async with asyncio.timeout(within):
            return _numbered(await consumer.end_offsets([*map(self._at, partitions)]))

    async def behind(self, partition: int, position: Position, *, idle: bool) -> int | None:
        """Returns the number of records after the committed offset; None before the broker has told. `idle`: no poll is being worked on."""
        consumer, at = self._consumer(), self._at(partition)
        end = consumer.highwater(at) if consumer is not None else None
        if consumer is None or end is None:
            return None
        # Offsets that compaction and transactions leave out at a partition's end come in no poll: the consumer's position is past them.
        past = idle and not position.moved and await consumer.position(at) >= end
        return 0 if past else max(end - position.committed, 0)

    async def held(self, partitions: Collection[int]) -> dict[int, int]:
        """Returns the partitions that an open transaction blocks, each with the offset where the transaction begins.

        A partition is blocked when everything before that offset was fetched and there is more behind it.
        """
        held: dict[int, int] = {}
        if (consumer := self._consumer()) is None:
            return held
        for at in map(self._at, partitions):
            end, stable = consumer.highwater(at), consumer.last_stable_offset(at)
            if end is not None and stable is not None and 0 <= stable < end and await consumer.position(at) >= stable:
                held[at.partition] = stable
        return held

    async def commit(self, offsets: Mapping[int, int], within: float) -> None:
        """Commits to Kafka too, only so that its own lag tools see the offsets."""
        if offsets and (consumer := self._consumer()) is not None:
            async with asyncio.timeout(within):
                await consumer.commit({self._at(partition): offset for partition, offset in offsets.items()})

    def _at(self, partition: int) -> TopicPartition:
        return TopicPartition(self._topic(), partition)


def _numbered(offsets: Mapping[TopicPartition, int]) -> dict[int, int]:
    return {at.partition: offset for at, offset in offsets.items()}


class Piece(NamedTuple):
    """Holds records that are taken at once, and where each of their partitions goes on after them."""

    records: list[ConsumerRecord]
    ends: dict[int, int]


def runs(records: Sequence[ConsumerRecord]) -> list[list[ConsumerRecord]]:
    """Cuts a poll's records where the partition changes."""
    return [list(run) for _, run in groupby(records, attrgetter("partition"))]
