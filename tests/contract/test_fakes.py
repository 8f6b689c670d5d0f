"""Our Kafka in memory is held to what others do: one suite for it, for the mock cluster of the demo, and for a real broker."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from confluent_kafka import Producer

from shared import metrics
from shared.cloudevents import Reason
from shared.observing.measuring import OwnConnection, lag, measure
from shared.postgres import Database, Tx
from shared.stream import Stream
from shared.streaming import brake
from shared.streaming.brake import IN_A_ROW
from shared.streaming.dead_letters import DeadLetter
from tests.containers import Kafka, kafka
from tests.contract.brokers import PARTITIONS, Broker, Historic, InMemory, Served, eventually
from tests.figures import value

__all__ = ["kafka"]

pytestmark = pytest.mark.asyncio

REAL = pytest.param("real", marks=pytest.mark.docker)
MOCK = pytest.param("mock", marks=pytest.mark.slow)  # a group takes it seconds to form


class Remembering:
    """A processor that keeps what was saved; it raises once, or refuses everything, when it is told to."""

    def __init__(self) -> None:
        self.saved: list[ConsumerRecord] = []
        self.batches: list[int] = []
        self.raises: list[Exception] = []
        self.refuses = False
        self._taken: list[ConsumerRecord] = []

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:  # noqa: ARG002
        self._taken = []

    async def take(self, records: Sequence[ConsumerRecord]) -> list[DeadLetter]:
        if self.refuses:
            return [DeadLetter(record, Reason.NOT_JSON, "malformed") for record in records]
        self._taken += records
        return []

    def pressing(self) -> bool:
        return bool(self._taken)

    async def save(self, tx: Tx) -> None:  # noqa: ARG002
        if self.raises:
            raise self.raises.pop()
        self.batches.append(len(self._taken))
        self.saved, self._taken = self.saved + self._taken, []

    def values(self) -> set[bytes]:
        return {record.value for record in self.saved}


@pytest.fixture
def topic() -> str:
    return f"fakes-{uuid4().hex[:8]}"


@pytest.fixture
def mock_cluster() -> Iterator[str]:
    cluster = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none", "log_level": 0})
    (broker,) = cluster.list_topics(timeout=10).brokers.values()
    yield f"{broker.host}:{broker.port}"
    cluster.close()


def chosen(request: pytest.FixtureRequest) -> InMemory | Served:
    """Returns the broker a test asks for; only that one is started."""
    match request.param:
        case "real":
            server: Kafka = request.getfixturevalue("kafka")
            return Served(server.bootstrap, partial(server.create, partitions=PARTITIONS), prefix="acme.")
        case "mock":
            return Served(request.getfixturevalue("mock_cluster"), prefix="acme.")
        case _:
            return InMemory()


# Not async, because a fixture that runs in the loop cannot start another that does.
any_broker = pytest.fixture(params=["fake", MOCK, REAL], name="any_broker")(chosen)
any_historic = pytest.fixture(params=["fake", REAL], name="any_historic")(chosen)


@pytest.fixture
async def broker(any_broker: Broker, topic: str) -> Broker:
    await any_broker.create(topic)
    return any_broker


@pytest.fixture
async def historic(any_historic: Historic, topic: str) -> Historic:
    await any_historic.create(topic)
    return any_historic


def stream(topic: str, database: Database, *, at_once: int = 500) -> tuple[Remembering, Stream]:
    remembering = Remembering()
    return remembering, Stream("shop", topic, remembering, database, at_once=at_once)


async def test_records_come_as_they_were_put_each_partition_in_order(broker: Broker, topic: str, monitor_database: Database) -> None:
    expected: dict[int, list[tuple[Any, ...]]] = {}
    for number in range(30):
        key, value, headers = b"c-%d" % (number % 9), b"%d" % number if number % 10 else None, [("n", b"\xff%d" % number)]
        partition, offset = await broker.put(topic, value, key=key, headers=headers)
        expected.setdefault(partition, []).append((offset, key, value, headers))
    processor, feed = stream(topic, monitor_database, at_once=7)
    async with broker.feeding(feed):
        await eventually(lambda: len(processor.saved) >= 30)
    came = groupby(sorted(processor.saved, key=lambda record: record.partition), key=lambda record: record.partition)
    assert {
        partition: [(record.offset, record.key, record.value, list(record.headers)) for record in records] for partition, records in came
    } == expected
    assert max(processor.batches) <= 7


async def test_a_key_has_its_partition_and_every_partition_its_own_offsets(broker: Broker, topic: str) -> None:
    same = InMemory()
    for number in range(20):
        key = b"customer-%d" % (number % 7)
        assert await broker.put(topic, b"x", key=key) == await same.put(topic, b"x", key=key)


@asynccontextmanager
async def lag_measured(feed: Stream, database: Database) -> AsyncIterator[None]:
    """Measures the stream's lag a hundred times a second while the context lasts."""
    connection = OwnConnection(database)
    measuring = asyncio.create_task(measure([replace(lag(connection, feed), every=0.01)]))
    try:
        yield
    finally:
        measuring.cancel()
        await asyncio.wait({measuring})
        connection.close()


async def test_what_raised_comes_again_and_where_it_stands_is_known(broker: Broker, topic: str, monitor_database: Database) -> None:
    for number in range(8):
        await broker.put(topic, b"%d" % number, key=b"c-%d" % number)
    processor, feed = stream(topic, monitor_database)
    processor.raises = [ConnectionError("the database is away for a moment")]
    async with broker.feeding(feed):
        await eventually(lambda: value(metrics.CONSUMED.labels(topic)) >= 8)
        consumer = feed.consumer()
        assert consumer is not None
        at = [TopicPartition(feed.at_brokers, partition) for partition in range(PARTITIONS)]
        ends = await consumer.end_offsets(at)
        assert set((await consumer.beginning_offsets(at)).values()) == {0}
        assert sum(ends.values()) == 8
        assert {each: await consumer.position(each) for each in at} == ends
        assert (await feed.lag(), await feed.trouble()) == (0, None)
    assert processor.values() == {b"%d" % number for number in range(8)}
    assert len(processor.saved) == 8


async def test_the_next_member_goes_on_where_the_last_one_stopped(broker: Broker, topic: str, monitor_database: Database) -> None:
    await broker.put(topic, b"before")
    first, feed = stream(topic, monitor_database)
    async with broker.feeding(feed):
        await eventually(lambda: first.values() == {b"before"})
    await broker.put(topic, b"after")
    second, feed = stream(topic, monitor_database)
    async with broker.feeding(feed):
        await eventually(lambda: second.values() == {b"after"})


async def test_a_stopped_topic_knows_its_lag_and_is_read_on_when_it_is_released(
    broker: Broker, topic: str, monitor_database: Database
) -> None:
    processor, feed = stream(topic, monitor_database)
    processor.refuses = True
    for number in range(IN_A_ROW + 50):
        await broker.put(topic, b"%d" % number)
    async with broker.feeding(feed), lag_measured(feed, monitor_database):
        await eventually(lambda: value(metrics.LAG.labels(topic)) == 49)
        await broker.put(topic, b"later", key=b"c-1")
        await eventually(lambda: value(metrics.LAG.labels(topic)) == 50)
        processor.refuses = False
        async with monitor_database.transaction() as tx:
            assert await brake.release(tx, "shop", topic, brake.Release.RETRY) == PARTITIONS
        await eventually(lambda: len(processor.saved) == 50)
        await eventually(lambda: value(metrics.LAG.labels(topic)) == 0)


async def test_an_offset_without_a_record_is_neither_waited_for_nor_lag(historic: Historic, topic: str, monitor_database: Database) -> None:
    await historic.put_in_transaction(topic, b"1")
    await historic.put_in_transaction(topic, b"2")
    processor, feed = stream(topic, monitor_database)
    async with historic.feeding(feed):
        await eventually(lambda: processor.values() == {b"1", b"2"})
        consumer = feed.consumer()
        assert consumer is not None
        first = TopicPartition(feed.at_brokers, 0)
        assert (await consumer.end_offsets([first]))[first] == 4
        async with lag_measured(feed, monitor_database):
            await eventually(lambda: value(metrics.LAG.labels(topic)) == 0)


async def test_what_retention_took_before_it_was_read_is_counted_and_the_rest_is_read(
    historic: Historic, topic: str, monitor_database: Database
) -> None:
    await historic.put(topic, b"0")
    first, feed = stream(topic, monitor_database)
    async with historic.feeding(feed):
        await eventually(lambda: first.values() == {b"0"})
    for number in (1, 2, 3, 4):
        await historic.put(topic, b"%d" % number)
    await historic.forget_before(topic, 0, 3)
    second, feed = stream(topic, monitor_database)
    async with historic.feeding(feed):
        await eventually(lambda: second.values() == {b"3", b"4"})
    assert value(metrics.GAPS.labels(topic)) == 2


async def test_another_topic_of_the_same_name_is_read_from_its_start_however_long_it_is(
    historic: Historic, topic: str, monitor_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """A database was restored beside another broker: the offsets it holds mean nothing there."""
    for number in range(2):
        await historic.put(topic, b"before %d" % number)
    first, feed = stream(topic, monitor_database)
    async with historic.feeding(feed):
        await eventually(lambda: len(first.saved) == 2)
    await historic.recreate(topic)
    for number in range(5):
        await historic.put(topic, b"%d" % number)
    second, feed = stream(topic, monitor_database)
    async with historic.feeding(feed):
        await eventually(lambda: len(second.saved) >= 5)
    assert [record.value for record in second.saved] == [b"%d" % number for number in range(5)]
    assert f"{topic} is not the topic it was" in caplog.text


async def test_an_offset_from_before_ids_were_kept_goes_on(historic: Historic, topic: str, monitor_database: Database) -> None:
    for number in range(3):
        await historic.put(topic, b"%d" % number)
    async with monitor_database.connection() as connection:
        await connection.execute("INSERT INTO offsets (stream, topic, partition, next) VALUES ('shop', $1, 0, 2)", topic)
    processor, feed = stream(topic, monitor_database)
    async with historic.feeding(feed):
        await eventually(lambda: processor.values() == {b"2"})
    async with monitor_database.connection() as connection:
        assert await connection.fetchval("SELECT bool_and(topic_id IS NOT NULL) FROM offsets WHERE topic = $1", topic)
