"""The brake of a topic of our own saves what it put aside, says why, and is released by an operator."""

import pytest

from shared.postgres import Database
from shared.streaming import brake
from shared.streaming.brake import IN_A_ROW, Release
from shared.streaming.dead_letters import REDRIVEN
from tests.fakes import FakeConsumer
from tests.unit.shared.shop import Shop, names, no_trouble, raising

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def shop(monitor_database: Database) -> Shop:
    return await Shop.opened(monitor_database)


def bad(shop: Shop, count: int, partition: int = 0, headers: tuple[tuple[str, bytes], ...] = ()) -> None:
    for _ in range(count):
        shop.topics.put(shop.topic, b'{"source": "/shop/web-3"}', partition=partition, headers=headers)


async def reading(shop: Shop) -> FakeConsumer:
    """Returns a member that has read all it reads."""
    member = shop.member()
    await member.assign()
    await member.drain()
    return member


async def release(shop: Shop, member: FakeConsumer, how: Release) -> None:
    """Releases the brake as the command does; returns when the member has looked, and read on."""
    async with shop.database.transaction() as tx:
        assert await brake.release(tx, "shop", shop.topic, how) == 2
    member.stream.retry_now()
    await member.stream.tick()
    await member.drain()


async def test_the_brake_saves_what_it_put_aside_up_to_the_record_that_tripped_it(shop: Shop) -> None:
    bad(shop, 1_000)
    member = await reading(shop)
    assert (member.stream.brake.tripped, member.paused, await shop.stands_at()) == (True, {0, 1}, IN_A_ROW + 1)
    assert [int(letter["forewarn-offset"]) for letter in await shop.dead()] == list(range(IN_A_ROW + 1))
    assert {letter["forewarn-reason"] for letter in await shop.dead()} == {"not_cloudevent"}


async def test_an_engaged_brake_shows_reasons_and_samples_in_readyz_in_its_table_and_in_the_log(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    bad(shop, 1_000)
    member = await reading(shop)
    said = f"{IN_A_ROW + 1} of the last {IN_A_ROW + 1} records failed ({IN_A_ROW + 1} not_cloudevent); for instance partition 0 offset 100"
    assert f"the brake is on: {said} from '/shop/web-3'" in (await member.stream.trouble() or "")
    assert f"the brake stops shop.v1: {said}" in caplog.text
    first, _ = await shop.rows("SELECT partition, reasons, samples, release FROM brakes ORDER BY partition")
    assert (first["partition"], first["reasons"], first["release"]) == (0, {"not_cloudevent": IN_A_ROW + 1}, None)
    assert first["samples"][-1].items() >= {"partition": 0, "offset": 100, "reason": "not_cloudevent", "source": "/shop/web-3"}.items()


async def test_the_lag_of_a_stopped_topic_grows_with_the_topic(shop: Shop) -> None:
    bad(shop, 500)
    member = await reading(shop)
    member.stream.retry_now()
    await member.stream.tick()
    before = await member.stream.lag()
    bad(shop, 50, partition=1)
    member.highwater = lambda _: 0  # type: ignore[assignment,method-assign]  # a paused consumer is not told
    member.stream.retry_now()
    await member.stream.tick()
    assert (before, await member.stream.lag()) == (500 - IN_A_ROW - 1, 550 - IN_A_ROW - 1)


async def test_a_release_tries_again_and_judges_anew(shop: Shop) -> None:
    shop.says(*names(200))
    shop.trouble = raising(ValueError("a bad deploy"), times=10_000)
    member = await reading(shop)
    aside = len(await shop.dead())
    assert (aside, member.stream.brake.tripped) == (IN_A_ROW + 1, True)
    shop.trouble = no_trouble
    await release(shop, member, Release.RETRY)
    assert (await member.stream.trouble(), member.paused, await member.stream.lag()) == (None, set(), 0)
    assert len(await shop.written()) == 200 - aside
    assert await shop.rows("SELECT * FROM brakes") == []


async def test_a_release_while_the_cause_lasts_moves_on_by_a_hundred(shop: Shop) -> None:
    bad(shop, 1_000)
    member = await reading(shop)
    await release(shop, member, Release.RETRY)
    assert (member.stream.brake.tripped, await shop.stands_at()) == (True, 2 * (IN_A_ROW + 1))


async def test_a_release_that_puts_aside_passes_all_that_waits_and_judges_what_comes_later(shop: Shop) -> None:
    bad(shop, 1_000)
    member = await reading(shop)
    shop.says("c-1")
    await release(shop, member, Release.PUT_ASIDE)
    assert (await shop.stands_at(), await shop.written(), len(await shop.dead())) == (1_001, ["c-1"], 1_000)
    assert (await member.stream.trouble(), await shop.rows("SELECT * FROM brakes WHERE partition = 0")) == (None, [])
    bad(shop, IN_A_ROW + 10)
    await member.drain()
    assert member.stream.brake.tripped
    assert await shop.stands_at() == 1_001 + IN_A_ROW + 1


async def test_a_release_that_puts_aside_outlives_the_instance_that_heard_of_it(shop: Shop) -> None:
    bad(shop, 1_000)
    first = await reading(shop)
    async with shop.database.transaction() as tx:
        await brake.release(tx, "shop", shop.topic, Release.PUT_ASIDE)
    await first.stream.stop()
    await reading(shop)
    assert await shop.stands_at() == 1_000


async def test_a_restart_moves_on_by_a_hundred(shop: Shop) -> None:
    bad(shop, 1_000)
    for times in (1, 2, 3):
        member = await reading(shop)
        assert (member.stream.brake.tripped, await shop.stands_at()) == (True, times * (IN_A_ROW + 1))
        await member.stream.stop()


async def test_after_the_brake_a_mended_reader_goes_on_where_it_stopped(shop: Shop) -> None:
    shop.says(*names(IN_A_ROW + 50))
    shop.trouble = raising(ValueError("a bad deploy"), times=10_000)
    broken = await reading(shop)
    await broken.stream.stop()
    shop.trouble = no_trouble
    await reading(shop)
    assert len(await shop.written()) + len(await shop.dead()) == IN_A_ROW + 50
    assert await shop.rows("SELECT * FROM brakes") == []


async def test_a_brake_that_could_not_be_saved_was_never_on(shop: Shop) -> None:
    bad(shop, 1_000)
    member = shop.member()
    await member.assign()
    async with shop.database.connection() as connection:
        await connection.execute("UPDATE offsets SET next = 950 WHERE partition = 0")  # another instance has got far
    await member.drain()
    assert (member.stream.brake.tripped, await shop.stands_at(), len(await shop.dead())) == (False, 1_000, 50)


async def test_redriven_records_do_not_count_for_the_brake(shop: Shop) -> None:
    bad(shop, 150, headers=((REDRIVEN, b"1"),))
    shop.says("c-1")
    member = await reading(shop)
    assert (await member.stream.trouble(), await shop.written(), len(await shop.dead())) == (None, ["c-1"], 150)


async def test_the_release_reaches_each_instance_that_has_stopped(shop: Shop) -> None:
    for partition in (0, 1):
        bad(shop, 500, partition)
    members = [shop.member(), shop.member()]
    for partition, member in enumerate(members):
        await member.assign(partition)
        await member.drain()
    async with shop.database.transaction() as tx:
        assert await brake.release(tx, "shop", shop.topic, Release.PUT_ASIDE) == 2
    for member in members:
        member.stream.retry_now()
        await member.stream.tick()
        await member.drain()
    assert await shop.stands_at() == 1_000


async def test_a_release_given_while_partitions_move_is_not_lost(shop: Shop) -> None:
    bad(shop, 1_000)
    member = await reading(shop)
    async with shop.database.transaction() as tx:
        await brake.release(tx, "shop", shop.topic, Release.PUT_ASIDE)
    await member.assign()  # a rebalance before the instance has looked
    member.stream.retry_now()
    await member.stream.tick()
    await member.drain()
    assert await shop.stands_at() == 1_000
