"""A row the broker refuses is found by sending it alone, and nothing else waits for it; trouble of the broker's is waited for."""

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.outbox import AT_ONCE, OLDEST, Floor, Lane, Message, put
from shared.outgoing import unpublished
from shared.outgoing.rows import LARGEST_REQUEST
from shared.postgres import Database
from tests.unit.shared.test_outbox import TOPIC, left, nothing_left, published, relaying

pytestmark = pytest.mark.asyncio

TOO_LARGE = b"x" * (LARGEST_REQUEST + 1)


async def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    async with database.connection() as connection:
        return [tuple(row) for row in await connection.fetch(query)]


async def test_a_row_the_broker_refuses_is_put_aside_whole_and_the_rows_behind_it_are_published(
    monitor_database: Database, kafka: str
) -> None:
    messages = [Message(TOPIC, b"k", f"{n}".encode(), [("x", b"\xff")]) for n in range(20)]
    messages[7] = Message(TOPIC, b"k", TOO_LARGE, [("x", b"\xff")])
    async with monitor_database.transaction() as tx:
        await put(tx, messages)
    async with relaying(monitor_database, kafka):
        records = await published(kafka, 19)
        await nothing_left(monitor_database)
    assert [record.value for record in records] == [f"{n}".encode() for n in range(20) if n != 7]
    [(topic, reason, key, value, names)] = await rows(
        monitor_database, "SELECT topic, reason, key, value = repeat('x', length(value))::bytea, header_names FROM unpublished"
    )
    assert (topic, reason, key, value, names) == (TOPIC, "too_large", b"k", True, ["x"])


async def test_a_row_without_key_and_value_is_put_aside_and_does_not_end_the_relay(monitor_database: Database, kafka: str) -> None:
    async with monitor_database.transaction() as tx:
        await put(tx, [Message(TOPIC, None, None), Message(TOPIC, b"k", b"next")])
    async with relaying(monitor_database, kafka):
        assert [record.value for record in await published(kafka, 1)] == [b"next"]
        await nothing_left(monitor_database)
    assert await rows(monitor_database, "SELECT reason FROM unpublished") == [("invalid_record",)]


async def test_what_was_put_aside_can_be_sent_again_in_its_order_and_lane(monitor_database: Database) -> None:
    async with monitor_database.transaction() as tx:
        await put(tx, [Message(topic, b"k", value) for topic, value in ((TOPIC, b"1"), ("other.v1", b"x"), (TOPIC, b"2"))], Lane.BULK)
        refused = {row["id"]: "not_allowed" for row in await tx.fetch(OLDEST, Lane.BULK, 0, AT_ONCE)}
        await unpublished.put_aside(tx, refused)  # type: ignore[arg-type]
    assert await left(monitor_database) == 0
    async with monitor_database.transaction() as tx:
        assert await unpublished.send_again(tx, TOPIC) == 2
    assert await rows(monitor_database, "SELECT lane, value FROM outbox ORDER BY id") == [(1, b"1"), (1, b"2")]
    assert await rows(monitor_database, "SELECT topic, value FROM unpublished") == [("other.v1", b"x")]


async def test_a_flood_of_events_by_http_does_not_delay_a_fact(monitor_database: Database, kafka: str) -> None:
    async with monitor_database.transaction() as tx:
        await put(tx, [Message("flood.v1", b"%d" % n, b"x" * 100) for n in range(40_000)], Lane.BULK)
        await put(tx, [Message(TOPIC, b"k", b"a fact")])
    async with relaying(monitor_database, kafka, *Lane):
        [fact] = await published(kafka, 1)
        await asyncio.wait_for(nothing_left(monitor_database), 30)
        flood = await published(kafka, 40_000, "flood.v1")
    sooner = sum(record.timestamp < fact.timestamp for record in flood)  # when each was handed to its producer
    assert sooner < 20_000


async def test_a_relay_whose_broker_is_away_closes_each_producer_it_started(
    monitor_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    unraised: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unraised.append(context["message"]))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    async with relaying(monitor_database, "127.0.0.1:1"), asyncio.timeout(10):
        while caplog.text.count("the relay stopped") < 2:  # noqa: ASYNC110  a log cannot signal
            await asyncio.sleep(0.05)
    gc.collect()
    asyncio.get_running_loop().set_exception_handler(None)
    assert unraised == []


async def looked(database: Database, times: int) -> None:
    """Publishes for so long that the relay has looked so often at what runs: it does once a second while it publishes."""
    ends, number = time.monotonic() + 1.2 * times, 0
    while time.monotonic() < ends:
        async with database.transaction() as tx:
            await put(tx, [Message("beat.v1", b"k", b"%d" % number)])
        number += 1
        await nothing_left(database)


# ── what the relay need not walk over ────────────────────────────────────────────────────────


async def test_the_floor_rises_when_every_transaction_that_ran_has_ended_and_all_was_read_after_that() -> None:
    floor = Floor()
    floor.published(10, whole=True)
    floor.running(oldest=5, next=9)  # 10 is the highest id; transactions 5 to 8 may still bring lower ones
    floor.running(oldest=8, next=12)
    floor.published(11, whole=True)
    assert floor.at == 0
    floor.running(oldest=9, next=12)
    assert floor.at == 0  # what came since the last read may be below
    floor.published(0, whole=True)
    assert floor.at == 10


async def test_the_floor_waits_for_a_read_that_got_past_the_mark() -> None:
    floor = Floor()
    floor.published(10, whole=True)
    floor.running(oldest=9, next=9)
    floor.running(oldest=9, next=9)
    floor.published(4, whole=False)
    assert floor.at == 0
    floor.published(12, whole=False)
    assert floor.at == 10


async def test_a_row_that_commits_late_below_published_ones_is_published(monitor_database: Database, kafka: str) -> None:
    @asynccontextmanager
    async def late() -> AsyncIterator[None]:
        async with monitor_database.transaction() as tx:
            await put(tx, [Message(TOPIC, b"late", b"late")])
            yield

    async with relaying(monitor_database, kafka):
        async with late():
            async with monitor_database.transaction() as tx:
                await put(tx, [Message(TOPIC, b"k", b"early")])
            await published(kafka, 1)
            await looked(monitor_database, times=3)
        values = {record.value for record in await published(kafka, 2)}  # of two partitions
    assert values == {b"early", b"late"}


async def test_the_oldest_rows_are_found_without_walking_the_lane(monitor_database: Database) -> None:
    async with monitor_database.transaction() as tx:
        await put(tx, [Message(TOPIC, b"k", b"v") for _ in range(2_000)])
        await tx.execute("ANALYZE outbox")
        plan = "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {OLDEST}", 0, 1_000, 100))
    assert "Index" in plan
    assert "id > " in plan
    assert "Seq Scan" not in plan
