"""Due work is claimed under a lease and settled once, by the database's clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from shared import timers
from shared.places import Places
from shared.postgres import Database
from shared.timers import CLAIM, Due, LeaseLost, Timers, Work, cancel, schedule
from tests.e2e.shop import until

pytestmark = pytest.mark.asyncio


async def claim(database: Database, lease: timedelta = timedelta(seconds=30)) -> list[Due]:
    return await Timers(database, {"ring": Work(never, lease=lease)}).claim("ring", 10)


async def never(due: Due) -> None:
    raise AssertionError("claimed by hand in these tests")


async def put_due(database: Database, ref: str, in_seconds: float) -> None:
    async with database.transaction() as tx:
        now = await tx.fetchval("SELECT clock()")
        await schedule(tx, "ring", {ref: now + timedelta(seconds=in_seconds)})


async def test_a_row_is_claimed_when_it_is_due_and_not_before(notifier_database: Database) -> None:
    await put_due(notifier_database, "past", -1)
    await put_due(notifier_database, "future", 60)
    assert [due.ref for due in await claim(notifier_database)] == ["past"]


async def test_a_claimed_row_is_nobody_elses_until_its_lease_ends(notifier_database: Database) -> None:
    await put_due(notifier_database, "bell", -1)
    [first] = await claim(notifier_database)
    assert await claim(notifier_database) == []
    async with notifier_database.transaction() as tx:
        await tx.execute("UPDATE due SET ready_at = clock()")  # the lease has ended
    [second] = await claim(notifier_database)
    assert (first.attempts, second.attempts) == (1, 2)


async def test_a_zombie_cannot_settle_what_another_worker_has_claimed(notifier_database: Database) -> None:
    await put_due(notifier_database, "bell", -1)
    [zombie] = await claim(notifier_database, lease=timedelta(0))
    [owner] = await claim(notifier_database)
    with pytest.raises(LeaseLost):
        async with notifier_database.transaction() as tx:
            await zombie.settle(tx)
    async with notifier_database.transaction() as tx:
        await owner.settle(tx)
    async with notifier_database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM due") == 0


async def test_cancelled_work_is_never_claimed(notifier_database: Database) -> None:
    await put_due(notifier_database, "bell", -1)
    async with notifier_database.transaction() as tx:
        await cancel(tx, "ring", "bell")
    assert await claim(notifier_database) == []


async def test_a_claim_takes_no_more_than_it_asked_for_however_it_is_planned(notifier_database: Database) -> None:
    for number in range(25):
        await put_due(notifier_database, f"bell-{number}", -1)
    async with notifier_database.transaction() as tx:
        for way in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
            await tx.execute(f"SET LOCAL enable_{way} = off")
        assert len(await tx.fetch(CLAIM, "ring", uuid4(), timedelta(seconds=30), 10)) == 10


@dataclass
class Holding(Timers):
    """Timers whose claim has taken its leases, and does not say so before it may."""

    taken: asyncio.Event = field(default_factory=asyncio.Event)
    may_say: asyncio.Event = field(default_factory=asyncio.Event)

    async def claim(self, kind: str, most: int) -> list[Due]:
        claimed = await super().claim(kind, most)
        self.taken.set()
        await self.may_say.wait()
        return claimed


async def test_a_stop_gives_back_the_leases_of_claims_that_were_under_way(notifier_database: Database) -> None:
    await put_due(notifier_database, "bell", -1)
    timers = Holding(notifier_database, {"ring": Work(hang)})
    running = asyncio.create_task(timers.run())
    await asyncio.wait_for(timers.taken.wait(), 10)
    stopping = asyncio.create_task(timers.stop(within=0.2))
    await asyncio.sleep(0)  # the stop has begun
    timers.may_say.set()
    await stopping
    running.cancel()
    async with notifier_database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM due WHERE lease IS NOT NULL OR ready_at > clock()") == 0


async def hang(due: Due) -> None:
    await asyncio.Event().wait()


async def test_what_is_due_is_done_now_as_many_as_at_once_and_one_after_another(notifier_database: Database) -> None:
    done: list[str] = []

    async def handle(due: Due) -> None:
        async with notifier_database.transaction() as tx:
            await due.settle(tx)
        done.append(due.ref)

    timers = Timers(notifier_database, {"ring": Work(handle, at_once=2)})
    for ref, in_seconds in (("first", -3), ("second", -2), ("third", -1), ("later", 60)):
        await put_due(notifier_database, ref, in_seconds)
    assert [await timers.do_due("ring") for _ in range(3)] == [2, 1, 0]
    assert done == ["first", "second", "third"]


class Held:
    """Work that is under way until it is let go; `most` were so at once."""

    def __init__(self, database: Database, slow: Places | None = None) -> None:
        self._database, self._slow, self.begun, self.go = database, slow, list[str](), asyncio.Event()
        self.most = self._now = 0

    async def __call__(self, due: Due) -> None:
        self.begun.append(due.ref)
        self._now += 1
        self.most = max(self.most, self._now)
        if self._slow and (task := asyncio.current_task()):
            self._slow.give_way(task)
        await self.go.wait()
        async with self._database.transaction() as tx:
            await due.settle(tx)
        self._now -= 1


async def begun(held: Held, count: int) -> bool:
    return len(held.begun) >= count


async def test_what_waits_for_somebody_slow_gives_its_place_to_others_but_not_without_end(notifier_database: Database) -> None:
    held = Held(notifier_database, places := Places(beside=4))
    for number in range(9):
        await put_due(notifier_database, f"{number}", -9 + number)
    running = asyncio.create_task(Timers(notifier_database, {"ring": Work(held, at_once=2, places=places)}).run())
    await until(partial(begun, held, 6), "two have begun with a place, and four without")
    assert sorted(held.begun) == ["0", "1", "2", "3", "4", "5"]
    held.go.set()
    await until(partial(begun, held, 9), "all have begun")
    running.cancel()


async def is_done(database: Database, kind: str) -> bool:
    async with database.connection() as connection:
        return not await connection.fetchval("SELECT count(*) FROM due WHERE kind = $1", kind)


@asynccontextmanager
async def beside_what_is_urgent(database: Database, *, least: int, rows: int) -> AsyncIterator[tuple[Held, Held]]:
    """Yields what is urgent, which has begun, and what is not, of which so many rows are due."""
    urgent, other = Held(database), Held(database)
    await put_due(database, "now", -1)
    timers = Timers(database, {"ring": Work(urgent, at_once=2), "tidy": Work(other, at_once=8, before=("ring",), least=least)})
    running = asyncio.create_task(timers.run())
    await until(partial(begun, urgent, 1), "what is urgent has begun")
    async with database.transaction() as tx:
        await schedule(tx, "tidy", {f"{number}": await tx.fetchval("SELECT clock()") for number in range(rows)})
    yield urgent, other
    running.cancel()


async def test_what_is_less_urgent_is_done_by_few_while_anything_urgent_is_under_way(notifier_database: Database) -> None:
    async with beside_what_is_urgent(notifier_database, least=2, rows=8) as (urgent, other):
        await until(partial(begun, other, 2), "as few as may be have begun")
        assert len(other.begun) == 2
        urgent.go.set()
        await until(partial(begun, other, 8), "all have begun")
        other.go.set()


async def test_what_is_urgent_comes_in_bursts_and_counts_as_under_way_between_them(
    notifier_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "BETWEEN", 3600.0)
    async with beside_what_is_urgent(notifier_database, least=2, rows=8) as (urgent, other):
        await until(partial(begun, other, 2), "as few as may be have begun")
        urgent.go.set()
        await until(partial(is_done, notifier_database, "ring"), "what is urgent is done")
        other.go.set()
        await until(partial(begun, other, 8), "the rest has begun, a few at a time")
        assert other.most == 2


async def test_what_nobody_does_while_anything_urgent_is_under_way_is_done_all_the_same_one_a_second(notifier_database: Database) -> None:
    async with beside_what_is_urgent(notifier_database, least=0, rows=2) as (urgent, other):
        other.go.set()
        await until(partial(begun, other, 2), "one after the other is done")
        urgent.go.set()
