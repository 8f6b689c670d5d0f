"""What a stream keeps in memory can take longer to load than its group waits for a heartbeat."""

import asyncio
from collections.abc import Collection

import pytest

from shared.events import CustomerUpdated
from shared.postgres import Database, Tx
from shared.stream import Stream
from shared.streaming.handling import Handling
from tests.fakes import FakeConsumer
from tests.unit.shared.shop import Shop, names, until

pytestmark = pytest.mark.asyncio


class Slow(Handling):
    """A processor whose state is loaded when a test says so."""

    loads = 0

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:
        self.loads += 1
        self.may_go_on = asyncio.Event()
        await self.may_go_on.wait()
        await super().load(tx, partitions)


class Member(FakeConsumer):
    """A member whose stream loads slowly."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.slow = Slow("shop.v1", (CustomerUpdated,), shop.on_customers)
        super().__init__(shop.topics, Stream("shop", "shop.v1", self.slow, shop.database))

    async def has_loaded(self, times: int) -> None:
        """Waits until the state was begun to be loaded so many times."""
        await until(lambda: self.slow.loads == times)


@pytest.fixture
async def member(monitor_database: Database) -> Member:
    shop = await Shop.opened(monitor_database)
    shop.says(*names(4))
    return Member(shop)


async def test_an_assignment_does_not_wait_for_the_load(member: Member) -> None:
    async with asyncio.timeout(5):
        await member.assigned()
    assert (member.slow.loads, await member.stream.trouble()) == (0, "positions not loaded")


async def test_records_that_come_before_the_load_is_done_are_taken_once(member: Member) -> None:
    await member.assigned()
    batch = asyncio.create_task(member.stream.on_batch(tuple(member.poll())))
    await member.has_loaded(1)
    member.slow.may_go_on.set()
    await batch
    await member.drain()
    assert await member.shop.written() == names(4)


async def test_a_rebalance_does_not_wait_for_a_load(member: Member) -> None:
    await member.assigned()
    turn = asyncio.create_task(member.stream.tick())
    await member.has_loaded(1)
    async with asyncio.timeout(5):
        await member.revoke()
        await turn
    assert await member.stream.trouble() != "positions not loaded"  # it has none

    await member.assigned()
    turn = asyncio.create_task(member.stream.tick())
    await member.has_loaded(2)
    member.slow.may_go_on.set()
    await turn
    await member.drain()
    assert await member.shop.written() == names(4)


async def test_a_stop_does_not_wait_for_a_load(member: Member) -> None:
    await member.assigned()
    batch = asyncio.create_task(member.stream.on_batch(tuple(member.poll())))
    await member.has_loaded(1)
    async with asyncio.timeout(5):
        await member.stream.stop()
        await batch
    assert await member.shop.written() == []


async def test_a_turn_that_is_cancelled_ends_its_load(member: Member) -> None:
    await member.assigned()
    turn = asyncio.create_task(member.stream.tick())
    await member.has_loaded(1)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    later = asyncio.create_task(member.stream.tick())
    await member.has_loaded(2)
    member.slow.may_go_on.set()
    await later
    await member.drain()
    assert await member.shop.written() == names(4)
