"""A stream on a real Postgres and a Kafka of our own: each record's effects once, whatever goes wrong in between."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from shared.dead_letters import IN_A_ROW
from shared.events import CustomerUpdated, Fact, Topic
from shared.handling import Handling
from shared.postgres import Database, Tx
from shared.stream import Stream
from tests.builders import customer
from tests.fakes import FakeConsumer, FakeTopics

pytestmark = pytest.mark.asyncio

TOPIC, DLQ = Topic.CUSTOMERS, "customers.v1.dlq"


def no_trouble(_: Sequence[Fact]) -> None:
    """All is well."""


class Patient(Handling):
    """One that does not press."""

    def pressing(self) -> bool:
        return False


@dataclass
class Shop:
    """A service that writes down each customer's name, once a message; `trouble` raises what a test wants raised."""

    database: Database
    topics: FakeTopics = field(default_factory=lambda: FakeTopics(partitions=2))
    trouble: Callable[[Sequence[Fact]], None] = no_trouble
    batches: list[int] = field(default_factory=list)

    def member(self, slowest: float = 0.0) -> FakeConsumer:
        """Another instance, with nothing assigned yet; with a `slowest` it keeps facts in memory between saves."""
        handling = (
            Patient(TOPIC, (CustomerUpdated,), self.on_customers) if slowest else Handling(TOPIC, (CustomerUpdated,), self.on_customers)
        )
        stream = Stream("shop", TOPIC, handling, self.database, slowest=slowest)
        stream._save_at = time.monotonic() + slowest
        return FakeConsumer(self.topics, stream)

    async def on_customers(self, tx: Tx, facts: Sequence[Fact]) -> None:
        self.batches.append(len(facts))
        await tx.execute("SET LOCAL lock_timeout = '50ms'")
        await tx.executemany("INSERT INTO written (name) VALUES ($1)", [(fact.subject,) for fact in facts])
        self.trouble(facts)

    def says(self, *names: str) -> None:
        self.topics.say(*(customer(name) for name in names))

    async def written(self) -> list[str]:
        async with self.database.connection() as connection:
            return sorted(row["name"] for row in await connection.fetch("SELECT name FROM written"))

    async def stands_at(self) -> int:
        """How many records the offsets say are done."""
        async with self.database.connection() as connection:
            return int(await connection.fetchval("SELECT coalesce(sum(next), 0) FROM offsets"))

    async def dead(self) -> list[dict[str, str]]:
        """The headers of our own on what is in the dead letter topic."""
        await self.topics.relay(self.database)
        return [
            {name: value.decode() for name, value in record.headers if name.startswith("forewarn-")} for record in self.topics.records(DLQ)
        ]


@pytest.fixture
async def shop(monitor_database: Database) -> Shop:
    async with monitor_database.connection() as connection:
        await connection.execute("CREATE TABLE written (name text NOT NULL)")
    return Shop(monitor_database)


def names(count: int) -> list[str]:
    return sorted(f"c-{n}" for n in range(count))


def raising(error: Exception, *, times: int = 1, on: str | None = None) -> Callable[[Sequence[Fact]], None]:
    """Raises so many times, whenever the customer `on` is among the facts."""
    left = [times]

    def trouble(facts: Sequence[Fact]) -> None:
        if left[0] and (on is None or on in {fact.subject for fact in facts}):
            left[0] -= 1
            raise error

    return trouble


async def test_each_record_is_handled_once_and_the_offsets_say_so(shop: Shop) -> None:
    shop.says(*names(50))
    member = shop.member()
    await member.assign()
    await member.drain()
    assert (await shop.written(), await shop.stands_at()) == (names(50), 50)
    assert await member.stream.lag() == 0
    assert await member.stream.trouble() is None


async def test_what_raises_after_its_effects_is_rolled_back_and_done_again(shop: Shop) -> None:
    shop.says(*names(20))
    shop.trouble = raising(ValueError("once"))
    member = shop.member()
    await member.assign()
    await member.drain()
    assert (await shop.written(), await shop.stands_at(), await shop.dead()) == (names(20), 20, [])


async def test_another_instance_goes_on_where_this_one_stopped(shop: Shop) -> None:
    shop.says(*names(20))
    first, second = shop.member(), shop.member()
    await first.assign()
    await first.drain()
    await first.revoke()
    shop.says("c-x", "c-y")
    await second.assign()
    await second.drain()
    assert await shop.written() == [*names(20), "c-x", "c-y"]


async def test_an_instance_whose_partition_was_taken_over_is_fenced(shop: Shop) -> None:
    shop.says(*names(20))
    zombie, owner = shop.member(), shop.member()
    await zombie.assign()
    held = tuple(zombie.poll())
    await owner.assign()  # nobody told the zombie
    await owner.drain()
    await zombie.stream.on_batch(held)
    assert await shop.written() == names(20)
    shop.says("c-x")
    await zombie.drain()
    assert await shop.written() == [*names(20), "c-x"]


async def test_a_fenced_batch_leaves_nothing_behind_and_the_instance_goes_on_from_the_new_offset(shop: Shop) -> None:
    shop.says(*names(20))
    member = shop.member()
    await member.assign()
    async with shop.database.connection() as connection:
        await connection.execute("UPDATE offsets SET next = 3 WHERE partition = 1")
    await member.drain()
    skipped = {record.key.decode() for record in shop.topics.logs(TOPIC)[1].records[:3]}
    assert await shop.written() == sorted(set(names(20)) - skipped)


@pytest.mark.parametrize("error", [OSError("the network"), TimeoutError("too slow")])
async def test_a_transient_error_pauses_and_puts_nothing_aside(shop: Shop, error: Exception) -> None:
    shop.says(*names(10))
    shop.trouble = raising(error)
    member = shop.member()
    await member.assign()
    member.seeks.clear()
    handling = asyncio.create_task(member.turn())
    await until(lambda: len(shop.batches) == 1)
    for _ in range(20):
        await member.stream.tick()  # the pause holds for whoever would go on
    assert (handling.done(), member.seeks, await shop.written()) == (False, [], [])
    await handling
    await member.drain()
    assert (await shop.written(), await shop.dead()) == (names(10), [])


async def test_a_lock_that_is_not_given_in_time_is_transient(shop: Shop) -> None:
    shop.says(*names(10))
    member = shop.member()
    await member.assign()
    async with shop.database.transaction() as tx:
        await tx.execute("LOCK TABLE written")
        handling = asyncio.create_task(member.turn())
        await until(lambda: member.stream._again_at > 0)
    await handling
    await member.drain()
    assert (await shop.written(), await shop.dead()) == (names(10), [])


async def test_a_poison_record_is_put_aside_after_three_tries_and_the_rest_goes_on(shop: Shop) -> None:
    shop.says(*names(10))
    shop.trouble = raising(ValueError("poison"), times=1000, on="c-4")
    member = shop.member()
    await member.assign()
    await member.drain()
    [letter] = await shop.dead()
    assert await shop.written() == [name for name in names(10) if name != "c-4"]
    assert (letter["forewarn-reason"], letter["forewarn-error"], letter["forewarn-attempts"]) == ("handler_failed", "ValueError", "3")
    assert letter["forewarn-stream"] == "forewarn-shop-customers.v1"
    assert await shop.stands_at() == 10


async def test_a_dead_letter_keeps_the_bytes_and_says_where_they_stood(shop: Shop) -> None:
    broken = shop.topics.put(TOPIC, b"\xff not json", key=b"c-9", headers=[("x", b"\x80\xff")], partition=1)
    shop.says(*names(4))
    member = shop.member()
    await member.assign()
    await member.drain()
    [letter], [record] = await shop.dead(), shop.topics.records(DLQ)
    assert (record.key, record.value, record.headers[0]) == (broken.key, broken.value, ("x", b"\x80\xff"))
    assert (letter["forewarn-reason"], letter["forewarn-attempts"]) == ("not_json", "1")
    assert (letter["forewarn-topic"], letter["forewarn-partition"], letter["forewarn-offset"]) == (TOPIC, "1", "0")
    assert letter["forewarn-first-seen"].endswith("+00:00")
    assert await shop.written() == names(4)


async def test_what_does_not_decode_is_put_aside_once_although_its_batch_is_rolled_back(shop: Shop) -> None:
    shop.topics.put(TOPIC, b"[]")
    shop.says(*names(4))
    shop.trouble = raising(ValueError("once"))
    member = shop.member()
    await member.assign()
    await member.drain()
    assert [letter["forewarn-reason"] for letter in await shop.dead()] == ["not_cloudevent"]
    assert await shop.written() == names(4)


async def test_when_everything_fails_the_brake_stops_the_topic_and_puts_nothing_more_aside(shop: Shop) -> None:
    shop.says(*names(10))
    member = shop.member()
    await member.assign()
    await member.drain()
    for _ in range(IN_A_ROW + 1):
        shop.topics.put(TOPIC, b"a bad deploy", partition=0)
    await member.drain()
    assert member.stream.brake.tripped
    assert (member.paused, await shop.dead(), await shop.stands_at()) == ({0, 1}, [], 10)
    assert await member.stream.trouble() == "the brake is on"


async def test_a_handler_that_fails_on_every_record_trips_the_brake_too(shop: Shop) -> None:
    shop.says(*names(IN_A_ROW + 50))
    shop.trouble = raising(ValueError("a bad deploy"), times=10_000)
    member = shop.member()
    await member.assign()
    await member.drain()
    assert member.stream.brake.tripped
    assert len(await shop.dead()) == IN_A_ROW
    assert await shop.written() == []


async def test_after_the_brake_a_mended_reader_goes_on_where_it_stopped(shop: Shop) -> None:
    shop.says(*names(IN_A_ROW + 50))
    shop.trouble = raising(ValueError("a bad deploy"), times=10_000)
    broken = shop.member()
    await broken.assign()
    await broken.drain()
    await broken.stream.stop()
    shop.trouble = no_trouble
    mended = shop.member()
    await mended.assign()
    await mended.drain()
    assert len(await shop.written()) + len(await shop.dead()) == IN_A_ROW + 50


async def test_a_save_that_raises_later_than_the_taking_finds_the_culprit_too(shop: Shop) -> None:
    shop.says(*names(30))
    shop.trouble = raising(ValueError("poison"), times=1000, on="c-4")
    member = shop.member(slowest=3600)
    await member.assign()
    while await member.turn():  # taken into memory only
        pass
    member.stream._save_at = 0.0
    await member.stream.tick()  # raises
    await member.stream.tick()  # goes back
    await member.drain()
    assert [letter["forewarn-error"] for letter in await shop.dead()] == ["ValueError"]
    assert await shop.written() == [name for name in names(30) if name != "c-4"]


async def test_records_polled_before_the_stream_went_back_are_not_taken_after_it(shop: Shop) -> None:
    """Several pieces of one poll, and between two of them everything in memory is forgotten."""
    shop.says(*names(200))
    shop.trouble = raising(ValueError("once"))
    member = shop.member()
    member.stream.at_once = 40
    await member.assign()
    await member.turn()  # its records are suspects now, and go one by one
    handling = asyncio.create_task(member.turn())
    await until(lambda: len(shop.batches) > 3)
    await asyncio.gather(handling, member.revoke())
    done = await shop.written()
    await member.assign()
    await member.drain()
    assert 0 < len(done) < 40
    assert (await shop.written(), await shop.dead()) == (names(200), [])


async def test_a_poll_that_was_under_way_while_we_went_back_does_not_count(shop: Shop) -> None:
    shop.says(*names(200))
    member = shop.member()
    member.stream.at_once = 40
    await member.assign()
    stale = [member.poll(), member.poll()]  # the first is forgotten, as if the stream had gone back meanwhile
    await member.stream.on_batch(tuple(stale[1]))
    assert await shop.written() == []
    await member.drain()
    assert await shop.written() == names(200)


async def test_offsets_that_were_left_out_are_believed_once_a_seek_brings_the_same(shop: Shop) -> None:
    shop.says(*names(10))
    shop.topics.skip(TOPIC, 0, 3)
    shop.topics.skip(TOPIC, 1, 1)
    shop.says("c-x", "c-y", "c-z")
    member = shop.member()
    member.stream.at_once = 4  # so that polls begin at the gaps
    await member.assign()
    await member.drain()
    assert await shop.written() == [*names(10), "c-x", "c-y", "c-z"]
    assert await member.stream.lag() == 0


async def test_records_deleted_before_they_were_read_are_passed_over(shop: Shop) -> None:
    shop.says(*names(20))
    member = shop.member()
    await member.assign()
    await member.revoke()
    shop.topics.forget_before(TOPIC, 0, 4)
    kept = sorted(record.key.decode() for record in shop.topics.records(TOPIC))
    await member.assign()
    await member.drain()
    assert await shop.written() == kept


async def test_records_of_a_partition_that_was_taken_away_meanwhile_are_left_to_the_next_owner(shop: Shop) -> None:
    shop.says(*names(20))
    member = shop.member()
    await member.assign()
    held = tuple(member.poll())
    await member.revoke()
    await member.stream.on_batch(held)
    assert (await shop.written(), await shop.stands_at()) == ([], 0)


async def test_a_stopped_stream_takes_nothing_more(shop: Shop) -> None:
    shop.says(*names(5))
    member = shop.member()
    await member.assign()
    await member.drain()
    shop.says("c-x")
    await member.stream.stop()
    await member.drain()
    assert await shop.written() == names(5)


async def test_kafka_is_told_where_we_are_when_the_stream_stops(shop: Shop) -> None:
    shop.says(*names(20))
    member = shop.member()
    await member.assign()
    await member.drain()
    await member.stream.stop()
    assert sum(member.committed.values()) == 20


async def until(condition: Callable[[], bool]) -> None:
    """Waits for it. Raises TimeoutError."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  it is not ours to signal
            await asyncio.sleep(0.01)
