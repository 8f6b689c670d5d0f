"""A stream, on a real Postgres and a Kafka in memory, has each record's effects once, whatever goes wrong in between."""

import asyncio

import pytest

from shared.postgres import Database
from tests.unit.shared.shop import Shop, names, raising, until

pytestmark = pytest.mark.asyncio

TOPIC, DLQ = "shop.v1", "shop.v1.dlq"


@pytest.fixture
async def shop(monitor_database: Database) -> Shop:
    return await Shop.opened(monitor_database)


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
        await until(lambda: member.stream.pause.left > 0)
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
    assert letter["forewarn-stream"] == "forewarn-shop-shop.v1"
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


async def test_what_was_taken_is_saved_when_it_is_due_or_at_once_when_told_to(shop: Shop) -> None:
    shop.says(*names(30))
    member = shop.member(slowest=3600)
    await member.assign()
    await member.drain()
    assert (await shop.written(), await shop.stands_at()) == ([], 0)
    await member.stream.save_now()
    assert (await shop.written(), await shop.stands_at()) == (names(30), 30)


async def test_a_save_that_raises_later_than_the_taking_finds_the_culprit_too(shop: Shop) -> None:
    shop.says(*names(30))
    shop.trouble = raising(ValueError("poison"), times=1000, on="c-4")
    member = shop.member(slowest=3600)
    await member.assign()
    while await member.turn():  # taken into memory only
        pass
    await member.stream.save_now()  # raises
    await member.stream.tick()  # goes back
    await member.drain()
    assert [letter["forewarn-error"] for letter in await shop.dead()] == ["ValueError"]
    assert await shop.written() == [name for name in names(30) if name != "c-4"]


async def test_records_polled_before_the_stream_went_back_are_not_taken_after_it(shop: Shop) -> None:
    """One poll is handled in several pieces, and between two of them everything in memory is forgotten."""
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
