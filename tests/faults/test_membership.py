"""Replicas share one consumer group on a real broker: each has its part, and two that were given one name end up with two."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from shared import kafka as our_kafka
from shared.connecting.brokers import brokers_of
from shared.postgres import Database, Tx
from shared.settings import Settings
from shared.stream import Stream
from shared.streaming.handling import Handling
from tests.containers import Kafka, kafka
from tests.faults.site import within

__all__ = ["kafka"]
pytestmark = pytest.mark.docker

PARTITIONS = 10
QUIET_S = 12.0  # longer than a session


class Member:
    """A stream that reads for a replica of that name."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self.stream = Stream("replica", topic, Handling(topic, (), nothing), Database(settings, "replica"))
        self.broker = our_kafka.broker(brokers_of(settings), [self.stream], settings.instance)

    @property
    def has(self) -> frozenset[int]:
        return self.stream.assigned or frozenset()


async def nothing(*_: object) -> None: ...


class Slow(Handling):
    """A processor whose state takes longer to load than a session."""

    begun, loaded = 0, 0

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:
        self.begun += 1
        await asyncio.sleep(QUIET_S)  # it is what takes so long, and not waited for by anybody here
        await super().load(tx, partitions)
        self.loaded += 1


@asynccontextmanager
async def reading(stream: Stream, kafka: Kafka) -> AsyncIterator[None]:
    """Runs the stream as a service does."""
    broker = our_kafka.broker(brokers_of(Settings(environment="demo", kafka=kafka.bootstrap)), [stream])
    await broker.start()
    running = asyncio.create_task(stream.run())
    try:
        yield
    finally:
        await stream.stop()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await broker.stop()


@asynccontextmanager
async def members(kafka: Kafka, topic: str, names: Sequence[str]) -> AsyncIterator[list[Member]]:
    async with AsyncExitStack() as running:
        started = []
        for name in names:
            member = Member(Settings(environment="demo", kafka=kafka.bootstrap, instance=name), topic)
            await member.broker.start()
            running.push_async_callback(member.broker.stop)
            started.append(member)
        yield started


async def _nothing_moves(found: Sequence[Member], topic: str) -> None:
    """Looks that each has half of the partitions, and that for longer than a session nobody is assigned any."""

    async def halved() -> bool:
        return [len(each.has) for each in found] == [5, 5] and not found[0].has & found[1].has

    await within(60, halved, "each has half of the partitions")
    before = assignments(topic)
    await asyncio.sleep(QUIET_S)  # nothing is to happen, and nothing signals that
    assert assignments(topic) == before
    assert await halved()


def assignments(topic: str) -> float:
    return REGISTRY.get_sample_value("forewarn_assignments_total", {"topic": topic}) or 0.0


@pytest.fixture
async def topic(kafka: Kafka) -> str:
    name = f"replicas-{uuid4().hex[:8]}"
    await kafka.create(name, partitions=PARTITIONS)
    return name


async def test_replicas_of_two_names_share_the_partitions_and_then_nothing_moves(kafka: Kafka, topic: str) -> None:
    async with members(kafka, topic, ["a", "b"]) as found:
        await _nothing_moves(found, topic)


async def test_a_load_that_outlasts_a_session_keeps_its_partitions(kafka: Kafka, topic: str, monitor_database: Database) -> None:
    slow = Slow(topic, (), nothing)

    async def loaded() -> bool:
        return slow.loaded == 1

    async with reading(Stream("slow", topic, slow, monitor_database), kafka):
        await within(60, loaded, "the state is loaded")
        assert (slow.begun, assignments(topic)) == (1, 1.0)


async def test_a_member_that_comes_during_a_load_does_not_wait_for_it(kafka: Kafka, topic: str, monitor_database: Database) -> None:
    first, second = (Slow(topic, (), nothing) for _ in range(2))
    one, other = (Stream("slow", topic, each, monitor_database) for each in (first, second))

    async def loading() -> bool:
        return first.begun == 1

    async def shared() -> bool:
        return [len(each.assigned or ()) for each in (one, other)] == [5, 5]

    async with reading(one, kafka):
        await within(60, loading, "the first member loads")
        async with reading(other, kafka):
            assert await within(60, shared, "both have half of the partitions") < QUIET_S
            assert first.loaded == 0


async def test_two_of_one_name_say_so_and_take_two(kafka: Kafka, topic: str, caplog: pytest.LogCaptureFixture) -> None:
    async def said() -> bool:
        return "another member has the name same" in caplog.text

    async with members(kafka, topic, ["same", "same"]) as found:
        await within(180, said, "one of them says that it is displaced")
        await _nothing_moves(found, topic)
