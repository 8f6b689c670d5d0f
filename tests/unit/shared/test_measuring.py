"""A process is measured by time, from outside its work; what cannot be measured is NaN, never 0."""

import asyncio
import math
from collections.abc import Collection, Sequence
from datetime import timedelta

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from prometheus_client import Gauge

from deploy.local.ports import free_port
from shared import metrics
from shared.connecting.brokers import Brokers
from shared.events import CustomerUpdated, Fact, Topic
from shared.kafka import Answering
from shared.observing import measuring
from shared.observing.measuring import Dependency, Figures, OwnConnection, measure
from shared.outbox import Message, put
from shared.postgres import Database, Tx
from shared.settings import Settings
from shared.stream import Stream
from shared.streaming.handling import Handling
from shared.timers import schedule
from tests.builders import customer
from tests.fakes import FakeConsumer, FakeTopics
from tests.figures import value

pytestmark = pytest.mark.asyncio


LAG = metrics.LAG.labels(Topic.CUSTOMERS)


async def nothing(tx: Tx, facts: Sequence[Fact]) -> None:
    """Does nothing with facts."""


def reading(database: Database) -> Stream:
    return Stream("monitor", Topic.CUSTOMERS, Handling(Topic.CUSTOMERS, (CustomerUpdated,), nothing), database)


async def test_what_hangs_is_unknown_in_time_and_holds_up_no_other_measurement() -> None:
    hung, fine = Gauge("test_hung", ".", registry=None), Gauge("test_fine", ".", registry=None)
    hung.set(0)  # what was known before

    async def hang() -> None:
        await asyncio.Event().wait()

    measured = asyncio.Event()

    async def answer() -> None:
        fine.set(7)
        if math.isnan(value(hung)):
            measured.set()

    task = asyncio.create_task(measure([Figures("a", hang, [hung], every=0.01, within=0.05), Figures("b", answer, [fine], every=0.01)]))
    await asyncio.wait_for(measured.wait(), 10)
    task.cancel()
    assert math.isnan(value(hung))
    assert value(fine) == 7


async def test_a_dependency_that_does_not_answer_is_0_and_1_again_when_it_does(caplog: pytest.LogCaptureFixture) -> None:
    errors: list[Exception | None] = [ConnectionRefusedError("no"), ConnectionRefusedError("no"), None, None]

    async def probe() -> None:
        if error := errors.pop(0):
            raise error

    dependency, seen = Dependency("test", probe), []
    for _ in range(4):
        await dependency.once()
        seen.append(value(metrics.DEPENDENCY_UP.labels("test")))
    assert seen == [0, 0, 1, 1]
    assert [record.getMessage().split()[1] for record in caplog.records] == ["does", "answers"]  # each once


async def test_kafka_answers_or_not_on_a_connection_of_its_own(kafka: str) -> None:
    there, gone = (
        Answering(Brokers(kafka)),
        Answering(Brokers(f"127.0.0.1:{free_port()}")),
    )
    await there.ask()
    await there.ask()
    await there.close()
    with pytest.raises((KafkaConnectionError, OSError)):
        await gone.ask()


async def test_one_bootstrap_server_of_several_is_enough(kafka: str) -> None:
    answering = Answering(Brokers(f"127.0.0.1:{free_port()},{kafka}"))
    await answering.ask()
    await answering.close()


async def test_outbox_rows_and_age_grow_although_nothing_is_published(monitor_database: Database) -> None:
    connection = OwnConnection(monitor_database)
    async with monitor_database.transaction() as tx:
        await put(tx, [Message("things.v1", b"k", b"1"), Message("things.v1", b"k", b"2")])
        await tx.execute("UPDATE outbox SET written_at = clock() - interval '90 s' WHERE value = '1'")
    await measuring.outbox(connection).once()
    connection.close()
    assert value(metrics.OUTBOX_ROWS) == 2
    assert 90 <= value(metrics.OUTBOX_AGE) < 120


async def test_with_the_database_away_the_outbox_and_due_work_are_unknown() -> None:
    connection = OwnConnection(Database(Settings(environment="demo", database_port=free_port()), "monitor"))
    for figures in (measuring.outbox(connection), measuring.due(connection, ["ring"])):
        for gauge in figures.gauges:
            gauge.set(0)
        await figures.once()
        assert all(math.isnan(value(gauge)) for gauge in figures.gauges)


async def test_due_work_is_measured_although_every_worker_is_busy(monitor_database: Database) -> None:
    connection = OwnConnection(monitor_database)
    async with monitor_database.transaction() as tx:
        now = await tx.fetchval("SELECT clock()")
        await schedule(tx, "ring", {"old": now - timedelta(seconds=90), "new": now, "later": now + timedelta(hours=1)})
    await measuring.due(connection, ["ring", "idle"]).once()
    connection.close()
    assert value(metrics.DUE_ROWS.labels("ring")) == 2
    assert 90 <= value(metrics.DUE_AGE.labels("ring")) < 120
    assert (value(metrics.DUE_ROWS.labels("idle")), value(metrics.DUE_AGE.labels("idle"))) == (0, 0)


async def test_lag_is_unknown_before_there_is_a_consumer_and_while_the_broker_is_away(monitor_database: Database) -> None:
    connection, stream, topics = OwnConnection(monitor_database), reading(monitor_database), FakeTopics()
    await measuring.lag(connection, stream).once()
    assert math.isnan(value(LAG))

    topics.say(customer("c-1"))
    consumer = Leaving(topics, stream)
    await consumer.assign()
    await consumer.drain()
    await measuring.lag(connection, stream).once()
    assert value(LAG) == 0

    consumer.away = True
    await measuring.lag(connection, stream).once()
    connection.close()
    assert math.isnan(value(LAG))


async def test_lag_is_known_while_a_stream_cannot_load_its_positions(monitor_database: Database) -> None:
    connection, topics = OwnConnection(monitor_database), FakeTopics()
    kept = Unloadable(Topic.CUSTOMERS, (CustomerUpdated,), nothing)
    stream = Stream("monitor", Topic.CUSTOMERS, kept, monitor_database)
    consumer = FakeConsumer(topics, stream)
    await consumer.assign()
    kept.readable = False
    await consumer.assign()
    topics.say(*(customer(f"c-{number}") for number in range(5)))
    assert await stream.lag() is None
    await measuring.lag(connection, stream).once()
    connection.close()
    assert value(LAG) == 5


class Unloadable(Handling):
    """A processor whose stored state cannot be read any more."""

    readable = True

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:  # noqa: ARG002
        if not self.readable:
            raise ValueError("a row that nobody can read")


class Leaving(FakeConsumer):
    """A consumer whose broker can go away; what the consumer remembers of it stays."""

    away = False

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        if self.away:
            raise KafkaConnectionError("no broker")
        return await super().end_offsets(partitions)
