"""Messages written in a transaction are published when it commits, in order, by one relay at a time (transactional outbox)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from shared.connecting.brokers import Brokers
from shared.events import Topic
from shared.outbox import AT_ONCE, DELETE, OLDEST, Lane, Message, Relay, put, say
from shared.postgres import Database
from tests.builders import customer
from tests.fakes import FakeTopics

pytestmark = pytest.mark.asyncio

TOPIC = "things.v1"


@asynccontextmanager
async def relaying(database: Database, kafka: str, *lanes: Lane) -> AsyncIterator[None]:
    """Runs a relay of each lane (of the facts, when none is named) while the context lasts."""
    relays = [Relay(database, Brokers(kafka), lane) for lane in lanes or (Lane.FACTS,)]
    tasks = [*(asyncio.create_task(relay.run()) for relay in relays), asyncio.create_task(database.listen())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def published(kafka: str, count: int, topic: str = TOPIC) -> Sequence[ConsumerRecord]:
    """Returns the records of the topic's partitions, once there are so many; waits for them at most 10 s."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(10):
            found: list[ConsumerRecord] = []
            while len(found) < count:
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    found += records
            return found
    finally:
        await consumer.stop()


async def left(database: Database) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM outbox"))


async def nothing_left(database: Database) -> None:
    async with asyncio.timeout(10):
        while await left(database):  # noqa: ASYNC110  a row cannot signal that it went
            await asyncio.sleep(0.01)


async def test_what_is_said_in_a_transaction_that_fails_was_never_said(monitor_database: Database) -> None:
    with suppress(ZeroDivisionError):
        async with monitor_database.transaction() as tx:
            await say(tx, customer("c-1"))
            raise ZeroDivisionError
    assert await left(monitor_database) == 0


async def test_a_fact_goes_to_its_topic_keyed_by_what_it_is_about(monitor_database: Database) -> None:
    topics = FakeTopics()
    async with monitor_database.transaction() as tx:
        await say(tx, customer("c-1"), customer("c-2"))
    await topics.relay(monitor_database)
    assert {record.key for record in topics.records(Topic.CUSTOMERS)} == {b"c-1", b"c-2"}
    assert sorted(fact.id for fact in topics.facts(Topic.CUSTOMERS)) == sorted((customer("c-1").id, customer("c-2").id))
    assert await left(monitor_database) == 0


async def test_the_relay_publishes_bytes_and_headers_as_they_are_in_order_and_deletes_what_was_accepted(
    monitor_database: Database, kafka: str
) -> None:
    messages = [Message(TOPIC, b"k", f"{n}".encode(), [("x", b"\x80\xff"), ("x", b"again")]) for n in range(100)]
    async with monitor_database.transaction() as tx:
        await put(tx, [*messages, Message(TOPIC, b"k", None, [])])
    async with relaying(monitor_database, kafka):
        records = await published(kafka, 101)
        await nothing_left(monitor_database)
    assert [record.value for record in records] == [*(message.value for message in messages), None]
    assert records[0].headers == (("x", b"\x80\xff"), ("x", b"again"))


async def leader(database: Database, than: int = 0) -> int:
    """Returns the session that leads the lane of facts, once it is another `than` that one."""
    async with asyncio.timeout(10), database.connection() as connection:
        while (pid := await connection.fetchval(LEADER, Lane.FACTS)) in (None, than):  # noqa: ASYNC110  a row cannot signal it
            await asyncio.sleep(0.01)
    return int(pid)


LEADER = "SELECT pid FROM relays WHERE lane = $1 AND pid IN (SELECT pid FROM pg_stat_activity)"


async def written(database: Database, numbers: range) -> list[bytes]:
    """Returns one message of each number, all of one key, published by now."""
    values = [b"%d" % n for n in numbers]
    async with database.transaction() as tx:
        await put(tx, [Message(TOPIC, b"k", value) for value in values])
    await nothing_left(database)
    return values


async def test_a_second_relay_waits_for_the_first_to_end_and_takes_over(monitor_database: Database, kafka: str) -> None:
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        await first.enter_async_context(relaying(monitor_database, kafka))
        leads = await leader(monitor_database)
        await second.enter_async_context(relaying(monitor_database, kafka))
        before = await written(monitor_database, range(500))
        assert await leader(monitor_database) == leads, "the second has not waited"
        await first.aclose()
        after = await written(monitor_database, range(500, 1000))
        assert await leader(monitor_database) != leads
    assert [record.value for record in await published(kafka, 1000)] == before + after


async def test_a_relay_whose_session_dies_is_followed_by_one_and_nothing_is_published_twice(monitor_database: Database, kafka: str) -> None:
    async with relaying(monitor_database, kafka), relaying(monitor_database, kafka):
        leads = await leader(monitor_database)
        before = await written(monitor_database, range(500))
        async with monitor_database.connection() as connection:
            await connection.execute("SELECT pg_terminate_backend($1)", leads)
        await leader(monitor_database, than=leads)
        after = await written(monitor_database, range(500, 1000))
        assert [record.value for record in await published(kafka, 1000)] == before + after


async def test_large_rows_come_a_few_at_a_time_and_all_of_them_in_order(monitor_database: Database) -> None:
    """While the broker is away, 2,000 rows of a mebibyte may gather."""
    sizes = [1 << 20] * 20 + [17 << 20] + [1 << 20] * 2
    for number, size in enumerate(sizes):
        async with monitor_database.transaction() as tx:
            await put(tx, [Message(TOPIC, b"%d" % number, b"x" * size)])
    seen = []
    while await left(monitor_database):
        async with monitor_database.transaction() as tx:
            rows = await tx.fetch(OLDEST, Lane.FACTS, 0, AT_ONCE)
            await tx.execute(DELETE, [row["id"] for row in rows])
        seen.append([int(row["key"]) for row in rows])
    assert seen == [[*range(16)], [16, 17, 18, 19], [20], [21, 22]]


async def test_the_relay_goes_on_at_once_while_large_rows_wait(monitor_database: Database, kafka: str) -> None:
    async with monitor_database.transaction() as tx:
        await put(tx, [Message(TOPIC, b"k", b"x" * 500_000) for _ in range(70)])
    async with relaying(monitor_database, kafka):
        await nothing_left(monitor_database)


async def test_with_a_prefix_records_go_to_the_topic_of_that_name(monitor_database: Database, kafka: str) -> None:
    brokers = Brokers(kafka, prefix="acme.")
    async with monitor_database.transaction() as tx:
        await put(tx, [Message(TOPIC, b"k", b"v")])
    relay = asyncio.create_task(Relay(monitor_database, brokers).run())
    try:
        await nothing_left(monitor_database)
    finally:
        relay.cancel()
        with suppress(asyncio.CancelledError):
            await relay
    [record] = await published(kafka, 1, f"acme.{TOPIC}")
    assert (record.key, record.value) == (b"k", b"v")
