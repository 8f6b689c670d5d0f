"""Processes of a service die, freeze, stop and come and go: every event is still counted once."""

import asyncio
import random
import signal

import pytest

from tests.faults.members import Member, started
from tests.faults.site import Site, within

pytestmark = [pytest.mark.asyncio, pytest.mark.docker]

STEADY = 2_000  # events a second


async def everything_once(site: Site) -> None:
    """The checker of all these tests: by id, in the table, among the bells, and on the topic."""
    events, bells = await site.account(), await site.bells()
    assert events.balanced, events
    assert (events.processed, events.dead_lettered) == (len(site.produced), 0)
    assert bells.balanced, bells
    assert await site.said() == set(site.produced)


async def reaches(site: Site, seconds: float = 40) -> float:
    """How long until everything produced by now is counted."""
    goal = len(site.produced)

    async def there() -> bool:
        return await site.counted() >= goal

    return await within(seconds, there, f"{goal} events counted")


async def test_kill_9_in_the_middle_of_batches_loses_nothing_and_counts_nothing_twice(site: Site) -> None:
    members = [site.member("a"), site.member("b")]
    dice = random.Random(1)
    recoveries = []
    async with started(*members):
        await within(20, members[0].ready, "a worker is ready")
        load = asyncio.create_task(site.produce(50_000, a_second=STEADY))
        for _ in range(3):
            await asyncio.sleep(dice.uniform(0.5, 2.0))  # a random moment is the point
            victim = dice.choice(members)
            await victim.kill()
            await victim.start()
            recoveries.append(await reaches(site))
        await load
        await site.settled()
        await everything_once(site)
    print(f"consuming again at most {max(recoveries):.1f} s after a kill -9")
    assert max(recoveries) <= 20


async def test_a_replica_with_a_name_is_back_at_once_after_kill_9(site: Site) -> None:
    member = site.member("a", FOREWARN_INSTANCE="a")
    async with started(member):
        await within(20, member.ready, "the worker is ready")
        for _ in range(3):
            await site.produce(5_000)
            await member.kill()
            await member.start()
            print(f"consuming again after {await reaches(site):.1f} s")
        await site.settled()
        await everything_once(site)


async def test_sigterm_ends_within_ten_seconds_and_leaves_nothing_undone_or_done_twice(site: Site) -> None:
    member = site.member("a")
    async with started(member):
        load = asyncio.create_task(site.produce(12_000, a_second=STEADY))
        for _ in range(3):
            await within(20, member.ready, "the worker is ready")
            assert await member.terminate() <= 10
            [[leases]] = await site.rows("SELECT count(*) FROM due WHERE lease IS NOT NULL")
            assert leases == 0
            await member.start()
        await load
        await site.settled()
        await everything_once(site)


async def test_a_frozen_process_comes_back_as_a_zombie_and_changes_nothing(site: Site) -> None:
    zombie, other = site.member("zombie"), site.member("other")
    async with started(zombie, other):
        await within(20, zombie.ready, "a worker is ready")
        load = asyncio.create_task(site.produce(40_000, a_second=STEADY))
        await asyncio.sleep(1)
        zombie.send(signal.SIGSTOP)
        print(f"the other one had everything {await reaches(site):.1f} s after the freeze")
        zombie.send(signal.SIGCONT)
        await load
        await site.settled()
        await within(20, zombie.ready, "the zombie is a member again")
        await everything_once(site)


async def test_members_come_and_go_and_nobody_waits_longer_than_ten_seconds(site: Site) -> None:
    members = [site.member("a"), site.member("b"), site.member("c")]
    first, *others = members
    pauses = []
    async with started(first):
        await within(20, first.ready, "a worker is ready")
        load = asyncio.create_task(site.produce(30_000, a_second=STEADY))
        async with started(*others):
            for member in others:
                await within(20, member.ready, f"{member.name} is ready")
                pauses.append(await reaches(site))
            for member in others:
                await member.terminate()
                pauses.append(await reaches(site))
        await load
        await site.settled()
        await everything_once(site)
    print(f"a rebalance cost at most {max(pauses):.1f} s")
    assert max(pauses) <= 10


async def test_a_rolling_restart_of_named_replicas_rebalances_nothing(site: Site) -> None:
    members = [site.member(name, FOREWARN_INSTANCE=name) for name in ("a", "b")]
    async with started(*members):
        for member in members:
            await within(20, member.ready, f"{member.name} is ready")
        before = await assigned(members)
        load = asyncio.create_task(site.produce(16_000, a_second=STEADY))
        for member in members:
            await member.terminate()
            await member.start()
            await within(20, member.ready, f"{member.name} is ready again")
        await load
        await site.settled()
        assert await assigned(members) == before
        await everything_once(site)


async def assigned(members: list[Member]) -> list[int]:
    """How often each member was assigned partitions."""
    return [member.log.read_text().count("assigned") for member in members]
