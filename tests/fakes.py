"""A Kafka of our own for tests: topics in memory, and consumers that poll them as FastStream would. Time is moved by hand.

Deterministic: nothing happens between two turns, so a story is told by turns. Postgres is real.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import asyncpg
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.partitioner import DefaultPartitioner

from deploy.services import NAMES
from shared.cloudevents import FACT_HEADERS, read_fact, write_fact
from shared.events import FACT_OF, TOPIC_OF, Fact
from shared.outbox import DELETE, OLDEST, Headers, Lane
from shared.outgoing.forwarding import Forwarded
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings
from shared.stream import Stream
from shared.timers import Timers, Work

_partition = DefaultPartitioner()


@dataclass
class Log:
    """One partition: its records, the first offset still kept, and the next one given."""

    records: list[ConsumerRecord] = field(default_factory=list)
    begin: int = 0
    end: int = 0


class FakeTopics:
    """The broker: every topic is there, with the same number of partitions."""

    def __init__(self, partitions: int = 4) -> None:
        self._partitions = range(partitions)
        self._logs: dict[str, list[Log]] = {}
        self._made: dict[str, int] = {}  # how often a topic was made anew

    def logs(self, topic: str) -> list[Log]:
        return self._logs.setdefault(topic, [Log() for _ in self._partitions])

    def identity(self, topic: str) -> str:
        return f"{topic} #{self._made.get(topic, 0)}"

    def recreate(self, topic: str) -> None:
        """Makes another topic of that name, with nothing in it."""
        self._logs[topic] = [Log() for _ in self._partitions]
        self._made[topic] = self._made.get(topic, 0) + 1

    def put(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Headers = FACT_HEADERS,
        partition: int | None = None,
    ) -> ConsumerRecord:
        """Appends a record, by its key's partition as Kafka's clients choose it unless told which; without a key to the first."""
        if partition is None:
            partition = 0 if key is None else _partition(key, list(self._partitions), [])
        log = self.logs(topic)[partition]
        stamp = int(datetime.now(UTC).timestamp() * 1000)
        record = ConsumerRecord(topic, partition, log.end, stamp, 0, key, value, None, len(key or b""), len(value or b""), headers)
        log.records.append(record)
        log.end += 1
        return record

    def say(self, *facts: Fact) -> None:
        """Appends facts to their topics, keyed by what they are about, as a relay would."""
        for fact in facts:
            self.put(TOPIC_OF[type(fact)], write_fact(fact), key=fact.subject.encode())

    def skip(self, topic: str, partition: int, count: int = 1) -> None:
        """Leaves out offsets, as compaction and transaction markers do."""
        self.logs(topic)[partition].end += count

    def forget_before(self, topic: str, partition: int, offset: int) -> None:
        """Deletes what retention would."""
        log = self.logs(topic)[partition]
        log.begin, log.records = offset, [record for record in log.records if record.offset >= offset]

    def records(self, topic: str) -> list[ConsumerRecord]:
        """Returns all that is kept, partition by partition."""
        return [record for log in self.logs(topic) for record in log.records]

    def facts(self, topic: str) -> list[Fact]:
        """Returns the facts on a topic, partition by partition. Raises `Undecodable` when something else is among them."""
        now = datetime.now(UTC)
        read = (read_fact(record.value, record.headers, now, FACT_OF) for record in self.records(topic))
        return [fact for fact in read if fact is not None]

    def forward(self, topic: str, refuses: Collection[bytes] = ()) -> "FakeForwarder":
        """Returns what forwards to this topic; records with the keys it `refuses` are not taken."""
        return FakeForwarder(self, topic, refuses)

    async def relay(self, database: Database) -> int:
        """Publishes what a service's outbox holds, in order, and deletes it; returns how many rows."""
        async with database.connection() as connection:
            rows = [row for lane in Lane for row in await connection.fetch(OLDEST, lane, 0, 1_000_000)]
            for row in rows:
                self.put(row["topic"], row["value"], key=row["key"], headers=_headers(row))
            if rows:
                await connection.execute(DELETE, [row["id"] for row in rows])
        return len(rows)


def _headers(row: asyncpg.Record) -> Headers:
    return list(zip(row["header_names"], row["header_values"], strict=True))


class FakeForwarder:
    """Appends what is forwarded to one topic, but for the keys it refuses."""

    def __init__(self, topics: FakeTopics, topic: str, refuses: Collection[bytes]) -> None:
        self._topics, self._topic, self._refuses = topics, topic, refuses

    async def send(self, records: Sequence[Forwarded]) -> list[Forwarded]:
        for record in records:
            if record.key not in self._refuses:
                self._topics.put(self._topic, record.value, key=record.key, headers=record.headers, partition=record.partition)
        return [record for record in records if record.key in self._refuses]

    async def partitions(self) -> int:
        return len(self._topics.logs(self._topic))


class FakeConsumer:
    """One member of a group, feeding one stream; what it is assigned is said by hand."""

    def __init__(self, topics: FakeTopics, stream: Stream) -> None:
        self.stream = stream
        self.paused: set[int] = set()
        self.committed: dict[TopicPartition, int] = {}
        self.seeks: list[tuple[int, int]] = []
        self._topics = topics
        self._positions: dict[int, int] = {}
        stream.consumer = lambda: self
        stream.identity = self._identity

    async def assign(self, *partitions: int) -> None:
        """Assigns these partitions; without any named, all of them. The stream has loaded them afterwards."""
        await self.assigned(*partitions)
        await self.stream.loaded()

    async def assigned(self, *partitions: int) -> None:
        """Tells the stream which partitions it has, as a rebalance does."""
        logs = self._topics.logs(self.stream.topic)
        await self.revoke()
        self._positions = {partition: logs[partition].begin for partition in partitions or range(len(logs))}
        await self.stream.on_partitions_assigned([TopicPartition(self.stream.topic, partition) for partition in self._positions])

    async def revoke(self) -> None:
        """Revokes everything, as a rebalance does when it begins."""
        await self.stream.on_partitions_revoked([TopicPartition(self.stream.topic, partition) for partition in self._positions])
        self._positions = {}

    def poll(self) -> list[ConsumerRecord]:
        """Returns what comes next, at most `at_once` records."""
        found: list[ConsumerRecord] = []
        for partition, position in self._positions.items():
            if partition not in self.paused:
                ahead = [record for record in self._topics.logs(self.stream.topic)[partition].records if record.offset >= position]
                ahead = ahead[: self.stream.at_once - len(found)]
                found += ahead
                if ahead:
                    self._positions[partition] = ahead[-1].offset + 1
        return found

    async def turn(self) -> int:
        """Returns one poll and its handling; returns how many records it brought."""
        records = self.poll()
        if records:
            await self.stream.on_batch(tuple(records))
        await self.stream.tick()
        return len(records)

    async def drain(self) -> None:
        """Polls until nothing comes."""
        while await self.turn():
            pass

    # ── what a stream calls ──────────────────────────────────────────────────────────────────

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(len(self._topics.logs(topic))))

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.seeks.append((partition.partition, offset))
        self._positions[partition.partition] = offset

    def pause(self, *partitions: TopicPartition) -> None:
        self.paused |= {partition.partition for partition in partitions}

    def resume(self, *partitions: TopicPartition) -> None:
        self.paused -= {partition.partition for partition in partitions}

    def highwater(self, partition: TopicPartition) -> int | None:
        end: int = self._topics.logs(partition.topic)[partition.partition].end
        return end

    def last_stable_offset(self, partition: TopicPartition) -> int | None:
        return self.highwater(partition)

    async def position(self, partition: TopicPartition) -> int:
        log, position = self._topics.logs(partition.topic)[partition.partition], self._positions[partition.partition]
        left = any(record.offset >= position for record in log.records)
        return position if left else log.end

    async def _identity(self) -> str:
        return self._topics.identity(self.stream.topic)

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {each: self._topics.logs(each.topic)[each.partition].begin for each in partitions}

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {each: self._topics.logs(each.topic)[each.partition].end for each in partitions}

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        self.committed |= offsets


class Clock:
    """The services' clock, which stands still until it is moved."""

    _connections: ClassVar[
        dict[str, asyncpg.Connection]
    ] = {}  # by database, kept until that is dropped: a clock may be moved a thousand times

    def __init__(self, settings: Settings, schemas: Iterable[str] = NAMES) -> None:
        self._settings, self._schemas = settings, tuple(schemas)
        self.now = datetime.now(UTC)

    async def set(self, now: datetime) -> None:
        """Sets the clock of every schema to `now`."""
        self.now = now
        body = f"SELECT timestamptz '{now.isoformat()}'"
        made = 'CREATE OR REPLACE FUNCTION "{}".clock() RETURNS timestamptz LANGUAGE sql STABLE AS $$ {} $$;'
        if (connection := self._connections.get(self._settings.database_name)) is None:
            connection = self._connections[self._settings.database_name] = await asyncpg.connect(**_address(self._settings))
        await connection.execute("".join(made.format(schema, body) for schema in self._schemas))

    async def advance(self, by: timedelta) -> None:
        """Moves the clock on by so much."""
        await self.set(self.now + by)

    @classmethod
    async def forget(cls, database: str) -> None:
        """Closes the connection to a database that is to be dropped."""
        if (connection := cls._connections.pop(database, None)) is not None:
            await connection.close()


def _address(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.database_host,
        "port": settings.database_port,
        "user": settings.database_user,
        "database": settings.database_name,
    }


class FakeLoop:
    """Services without processes, on one `FakeTopics`: every turn publishes, polls, and does what is due."""

    def __init__(self, topics: FakeTopics, clock: Clock, *services: Service) -> None:
        self.topics, self.clock, self.services = topics, clock, services
        self.consumers = [FakeConsumer(topics, stream) for service in services for stream in service.streams]

    async def start(self) -> None:
        """Does what a service does before it consumes, and assigns every partition."""
        for service in self.services:
            for before in service.before:
                await before()
        for consumer in self.consumers:
            await consumer.assign()

    async def settle(self) -> None:
        """Turns until nothing is left to do now."""
        while await self._turn():
            pass

    async def advance(self, by: timedelta) -> None:
        """Moves time on, stopping wherever something becomes due on the way."""
        target = self.clock.now + by
        while (moment := await self._next_due(target)) is not None:
            await self.clock.set(max(moment, self.clock.now))
            await self.settle()
        await self.clock.set(target)
        await self.settle()

    async def _turn(self) -> int:
        moved = 0
        for service in self.services:
            moved += await self.topics.relay(service.database)
            moved += await do_all_due(service)
        return moved + sum([await consumer.turn() for consumer in self.consumers])

    async def _next_due(self, until: datetime) -> datetime | None:
        moments = []
        for service in self.services:
            async with service.database.connection() as connection:
                kinds = list(service.due)
                moments.append(await connection.fetchval("SELECT min(ready_at) FROM due WHERE kind = ANY ($1::text[])", kinds))
        return min((moment for moment in moments if moment is not None and moment <= until), default=None)


async def do_all_due(service: Service) -> int:
    """Does what is due now, one kind after another; returns how many rows. Kinds of which nothing is due cost nothing."""
    done, ready = 0, await _ready(service.database)
    for kind, work in service.due.items():
        if kind in ready:
            done += await do_due(service.database, kind, work)
            ready = await _ready(service.database)
    return done


async def _ready(database: Database) -> set[str]:
    """Returns the kinds of which something is due."""
    async with database.connection() as connection:
        return {row["kind"] for row in await connection.fetch("SELECT DISTINCT kind FROM due WHERE ready_at <= clock()")}


async def do_due(database: Database, kind: str, work: Work) -> int:
    """Claims what is due now and does it, one after another; returns how many rows."""
    return await Timers(database, {kind: work}).do_due(kind)
