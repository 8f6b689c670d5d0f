"""Reads product events, and what is said of tickets and customers, from Kafka, up to the ends that stand when it begins."""

import heapq
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from services.monitor.backtest import Come, Said
from services.monitor.fold.keying import home_of, key_of
from services.monitor.incidents.finding import Beside
from services.monitor.incidents.suspecting import HEARD as OF_TICKETS
from services.monitor.past.beside import OF_CUSTOMERS, OF_MAINTENANCE, periods_of, tiers_of
from services.monitor.past.pieces import PIECE, Past, Piece, Refusals, with_facts
from shared.cloudevents import Undecodable, read_event, read_fact
from shared.connecting.brokers import Brokers
from shared.events import FACT_OF, Fact, Topic
from shared.failed import Failed
from shared.letters.reading import POLL_MS, everything, reader, topics
from shared.observing.printable import printable
from shared.streaming.unpacking import Unreadable

IDLE = 20  # polls in a row that bring nothing before the broker counts as gone
MANY = 100_000  # keys whose partition is remembered

Places = Mapping[TopicPartition, int]  # and an offset of each


@asynccontextmanager
async def past_of(brokers: Brokers, topic: str, since: float, refusals: Refusals, facts: Sequence[Said] = ()) -> AsyncIterator[Past]:
    """Opens a topic, without what came before `since`, and puts what others said between its events.

    Raises Failed when it is not there, or the broker is away.
    """
    if topic not in await topics(brokers):  # asked first, since a broker may make a topic that somebody reads
        raise Failed(f"Kafka at {brokers.servers} has no topic {printable(brokers.there(topic))}")
    async with reader(brokers, topic) as consumer:
        places = sorted(consumer.assignment())
        first, ends = await _range(consumer, places, since)
        size = sum(max(ends[at] - first[at], 0) for at in places)
        pieces = _pieces(merged(consumer, first, ends), len(places), since, refusals)
        yield Past(with_facts(pieces, facts), size, len(places), since, has_tickets=True)


async def _range(consumer: AIOKafkaConsumer, places: list[TopicPartition], since: float) -> tuple[Places, Places]:
    ends = await consumer.end_offsets(places)
    first = await consumer.beginning_offsets(places)
    if since > 0:
        later = await consumer.offsets_for_times(dict.fromkeys(places, int(since * 1000)))
        found = {at: each.offset for at, each in later.items() if each is not None}
        # Nothing came since then, or the broker cannot look by time, as librdkafka's mock of one: all is read, and what is older left out.
        first = {at: found.get(at, ends[at]) for at in places} if found else first
    return first, ends


async def merged(consumer: AIOKafkaConsumer, first: Places, ends: Places) -> AsyncIterator[ConsumerRecord]:
    """Yields what stands from `first` up to `ends`: of one partition in its order, of several by when it came. Raises Failed."""
    for at, offset in first.items():
        consumer.seek(at, offset)
    waiting: dict[TopicPartition, deque[ConsumerRecord]] = {at: deque() for at in first if first[at] < ends[at]}
    heads: list[tuple[int, TopicPartition]] = []
    empty = list(waiting)
    while True:
        for at in empty:
            await _fill(consumer, at, ends[at], waiting[at])
            if waiting[at]:
                heapq.heappush(heads, (waiting[at][0].timestamp, at))
        if not heads:
            return
        _, at = heads[0]
        yield waiting[at].popleft()
        empty = []
        if waiting[at]:
            heapq.heapreplace(heads, (waiting[at][0].timestamp, at))
        else:
            heapq.heappop(heads)
            empty = [at]


async def _fill(consumer: AIOKafkaConsumer, at: TopicPartition, end: int, into: deque[ConsumerRecord]) -> None:
    """Reads on in one partition; nothing comes when all of it was read."""
    idle = 0
    while not into and (position := await consumer.position(at)) < end:
        found = await consumer.getmany(at, timeout_ms=POLL_MS)
        into.extend(record for record in found.get(at, []) if record.offset < end)
        idle = 0 if await consumer.position(at) > position else idle + 1
        if idle > IDLE:
            raise Failed(f"{at.topic}: the broker brings nothing")


async def _pieces(records: AsyncIterator[ConsumerRecord], partitions: int, since: float, refusals: Refusals) -> AsyncIterator[Piece]:
    """Yields the events that came since then, each in the partition of its key, where monitor folds it."""
    home, piece, done, now = lru_cache(MANY)(home_of), list[Come | Said](), 0, time.time()
    async for record in records:
        done += 1
        where = f"partition {record.partition} offset {record.offset}"
        try:
            if isinstance(record, Unreadable):
                refusals.add(where, "unreadable", record.why)
            elif not 0 < record.timestamp < since * 1000:
                event = read_event(record.value, record.headers, datetime.fromtimestamp(now, UTC), record)
                came = record.timestamp / 1000 if record.timestamp > 0 else now
                piece.append(Come(event, came, home(key_of(event).encode(), partitions)))
        except Undecodable as error:
            refusals.add(where, error.reason, error.detail)
        if done % PIECE == 0:
            yield Piece(piece, done)
            piece = []
    yield Piece(piece, done)


async def tickets_of(brokers: Brokers) -> list[Said]:
    """Returns what is said of tickets, in the order of time. Raises Failed."""
    said = [Said(fact, fact.time.timestamp()) async for fact in _facts(brokers, Topic.TICKETS) if isinstance(fact, OF_TICKETS)]
    return sorted(said, key=lambda each: each.at)


async def known_beside(brokers: Brokers, beside: Beside, customers: Sequence[Fact]) -> Beside:
    """Returns also when maintenance ran and the tiers of these customers. Raises Failed."""
    said = [fact async for fact in _facts(brokers, Topic.INCIDENTS) if isinstance(fact, OF_MAINTENANCE)]
    return replace(beside, periods=periods_of(said), tiers=tiers_of(customers))


async def customers_of(brokers: Brokers) -> list[Fact]:
    """Returns what is said of customers. Raises Failed."""
    return [fact async for fact in _facts(brokers, Topic.CUSTOMERS) if isinstance(fact, OF_CUSTOMERS)]


def from_the_beginning(customers: Iterable[Fact]) -> list[Said]:
    """Returns what is said of customers, in the order of time.

    Of each the first that is there holds before, too: a compacted topic lacks what it replaced.
    """
    known: set[str] = set()
    said: list[Said] = []
    for fact in sorted(customers, key=lambda each: each.time):
        said.append(Said(fact, fact.time.timestamp() if fact.subject in known else 0.0))
        known.add(fact.subject)
    return sorted(said, key=lambda each: each.at)


async def _facts(brokers: Brokers, topic: str) -> AsyncIterator[Fact]:
    """Yields the facts of a topic. What is wrong with others its readers report."""
    now = datetime.now(UTC)  # noqa: TID251  the edge
    if topic not in await topics(brokers):
        return
    async for record in everything(brokers, topic):
        if isinstance(record, Unreadable) or not record.value:
            continue
        with suppress(Undecodable):
            if (fact := read_fact(record.value, record.headers, now, FACT_OF)) is not None:
                yield fact
