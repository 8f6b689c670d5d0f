"""Processes of a service die, freeze, stop and come and go: every event is still counted once."""

import asyncio
import random
import signal

import pytest

from tests.faults.members import started
from tests.faults.site import Site, within

pytestmark = [pytest.mark.asyncio, pytest.mark.docker]


async def everything_once(site: Site) -> None:
    """Checks, by id, that each event counts once: in the table, among the bells, and on the topic."""
    await site.settled()
    events, bells = await site.account(), await site.bells()
    assert events.balanced, events
    assert (events.processed, events.dead_lettered) == (len(site.produced), 0)
    assert bells.balanced, bells
    assert await site.said() == set(site.produced)


async def test_kill_9_in_the_middle_of_batches_loses_nothing_and_counts_nothing_twice(site: Site) -> None:
    members = [site.member("a"), site.member("b")]
    dice = random.Random(1)
    async with started(*members):
        await within(20, members[0].ready, "a worker is ready")
        async with site.load():
            for _ in range(2):
                await asyncio.sleep(dice.uniform(0.5, 2.0))  # a random moment is the point
                victim = dice.choice(members)
                await victim.kill()
                await victim.start()
                await site.reaches()
                for member in members:  # a kill while the group forms is two sessions in a row
                    await within(60, member.ready, f"{member.name} has its part")
        await everything_once(site)
    assert await site.slowest() <= 20, "a session of 10 s ends, and the others have its partitions"


async def test_a_replica_with_a_name_is_back_at_once_after_kill_9(site: Site) -> None:
    member, bystander = members = [site.member(name, FOREWARN_INSTANCE=name) for name in ("a", "b")]
    async with started(*members):
        for each in members:
            await within(20, each.ready, f"{each.name} is ready")
        before = bystander.says("has partitions")
        for _ in range(2):
            await site.produce(5_000)
            await member.kill()
            await member.start()
            await site.reaches()
        await everything_once(site)
        assert bystander.says("has partitions") == before, "no session had to end: nothing was given to others"


async def test_sigterm_ends_within_ten_seconds_and_leaves_nothing_undone_or_done_twice(site: Site) -> None:
    member = site.member("a")
    async with started(member), site.load():
        for _ in range(3):
            await within(20, member.ready, "the worker is ready")
            seconds = await member.terminate()
            assert seconds <= 10
            [[leases]] = await site.rows("SELECT count(*) FROM due WHERE lease IS NOT NULL")
            assert leases == 0
            assert await site.told_broker() == await site.stands_at()
            await member.start()
    async with started(member):
        await everything_once(site)


@pytest.mark.parametrize("away", ["kafka", "postgres"])
async def test_sigterm_ends_within_ten_seconds_although_nobody_answers(site: Site, away: str) -> None:
    member = site.member("a")
    async with started(member):
        await within(20, member.ready, "the worker is ready")
        await site.produce(2_000)
        async with getattr(site, away).away():
            await asyncio.sleep(3)  # it has noticed
            seconds = await member.terminate()
        assert seconds <= 10
        await member.start()
        await everything_once(site)


async def test_a_frozen_process_comes_back_as_a_zombie_and_changes_nothing(site: Site) -> None:
    zombie, other = site.member("zombie"), site.member("other")
    async with started(zombie, other):
        await within(20, zombie.ready, "the zombie-to-be is ready")
        await within(20, other.ready, "the other one is ready")
        async with site.load():
            await asyncio.sleep(0.5)
            zombie.send(signal.SIGSTOP)
            await asyncio.sleep(0.5)  # something for the frozen one's partitions
            await site.reaches()
            zombie.send(signal.SIGCONT)
            await within(30, zombie.ready, "the zombie is a member again")
        await everything_once(site)
    seconds = await site.slowest()
    assert 8 < seconds <= 60, "a session of 10 s ends; a transaction that was open then may hold its rows for 30 s"


async def test_members_come_and_go_and_nobody_waits_longer_than_ten_seconds(site: Site) -> None:
    first, *others = [site.member("a"), site.member("b"), site.member("c")]
    async with started(first):
        await within(20, first.ready, "a worker is ready")
        async with site.load(), started(*others):
            for member in others:
                await within(20, member.ready, f"{member.name} is ready")
            for member in others:
                await member.terminate()
        await everything_once(site)
    assert await site.slowest() <= 10


async def test_a_rolling_restart_of_named_replicas_rebalances_nothing(site: Site) -> None:
    a, b = members = [site.member(name, FOREWARN_INSTANCE=name) for name in ("a", "b")]
    async with started(*members):
        for member in members:
            await within(20, member.ready, f"{member.name} is ready")
        async with site.load():
            for member, bystander in ((a, b), (b, a)):
                before = bystander.says("has partitions")
                await member.terminate()
                await member.start()
                await within(20, member.ready, f"{member.name} is ready again")
                assert bystander.says("has partitions") == before
        await everything_once(site)
