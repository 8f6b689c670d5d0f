"""The end of an incident that 100,000 customers were told of is work in pieces: memory stays flat, and other facts are taken meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.notifier.hearing.incidents import on_incidents
from shared.settings import Settings
from tests.flow.notifier_stage import Stage, impact, opened, resolved, stage

pytestmark = pytest.mark.asyncio

TOLD = 100_000
MIB = 1 << 20
ALL_TOLD = """INSERT INTO notifications (id, customer_id, kind, incident_id, about_at, status, sent_at, settled_at)
    SELECT 'n-' || n, 'c-' || n, 'opened', 'i-1', $2, 'delivered', $2, $2 FROM generate_series(1, $1::int) AS n"""
BY_TRANSACTION = """SELECT max(n) AS largest, sum(n)::int AS together
    FROM (SELECT count(*) AS n FROM notifications WHERE kind = 'resolved' GROUP BY xmin::text) AS written"""
LEFT = "SELECT FROM due WHERE kind = 'follow_up'"


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Stage]:
    async with stage(fresh_database) as it:
        await it.hear(opened(it.now))
        await it.rows(ALL_TOLD, TOLD, it.now)
        await it.rows("ANALYZE notifications")  # as autovacuum has done while so many were told
        yield it


def resident() -> int:
    """Returns the memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def take(on: Stage, number: int) -> float:
    """Has the stream take the impact of another incident; returns how many seconds that took."""
    began = time.perf_counter()
    async with on.service.database.transaction() as tx:
        await on_incidents(tx, [impact(on.now, f"other-{number}", incident_id="i-2", chunk=number)])
    return time.perf_counter() - began


async def test_the_end_of_a_large_incident_is_pieces_of_a_thousand_in_flat_memory_while_other_facts_are_taken(on: Stage) -> None:
    before = highest = resident()
    took: list[float] = []
    await on.consume(resolved(on.now, revision=1))
    while await on.rows(LEFT):
        _, seconds = await asyncio.gather(on.follow_up(), take(on, len(took)))
        took.append(seconds)
        highest = max(highest, resident())
    [written] = await on.rows(BY_TRANSACTION)
    assert written == {"largest": 1000, "together": TOLD}
    assert highest - before <= 100 * MIB
    assert max(took) < 2, "no fact waits for the whole end"
