"""A storm on a calm system: what looks for due rows was prepared while there were three, and reads as few when there are thousands."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from services.notifier.store.deliveries import queries
from shared import timers
from shared.postgres import Database
from shared.settings import Settings

pytestmark = pytest.mark.asyncio

ROWS, CLAIMED = 20_000, 20
REF, LEASE = "ARRAY['r-1']", "ARRAY[gen_random_uuid()]"
STATEMENTS = {
    "claim": (timers.CLAIM, f"'delivery', gen_random_uuid(), interval '30 s', {CLAIMED}"),
    "ours": (timers.OURS, f"ARRAY['delivery'], {REF}, {LEASE}"),
    "settle": (timers.SETTLE_MANY, f"ARRAY['delivery'], {REF}, {LEASE}"),
    "again": (timers.AGAIN_MANY, f"ARRAY['delivery'], {REF}, {LEASE}, ARRAY[now()]"),
    "renew": (timers.RENEW_MANY, f"ARRAY['delivery'], {REF}, {LEASE}, interval '1 s'"),
    "next": (timers.NEXT, "'delivery'"),
    "schedule": (timers.SCHEDULE, f"'delivery', {REF}, ARRAY[now()]"),
    "hasten": (queries.hasten, f"ARRAY['delivery', 'end'], {REF}"),
    "joined": (queries.joined, f"ARRAY['delivery', 'end'], {REF}"),
}
FILL = """INSERT INTO due (kind, ref, due_at, ready_at)
    SELECT 'delivery', '{0}-' || n, now(), now() - interval '1 s' FROM generate_series(1, {1}) n"""


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yields the node and all below it."""
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


@pytest.mark.parametrize("name", STATEMENTS)
async def test_it_reads_as_few_rows_however_many_have_come(fresh_database: Settings, name: str) -> None:
    statement, values = STATEMENTS[name]
    database = Database(fresh_database, "notifier")
    await database.open()
    try:
        async with database.transaction() as tx:
            # Given a statement that was used while the queue was nearly empty
            await tx.execute(f"{FILL.format('a', 3)}; ANALYZE due; PREPARE known AS {statement}")
            for _ in range(7):
                await tx.execute(f"SAVEPOINT it; EXECUTE known ({values}); ROLLBACK TO it")
            # When a storm fills the queue
            await tx.execute(FILL.format("b", ROWS))
            said = json.loads(await tx.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE known ({values})"))
            # Then it reads what it needs
            read = sum(
                (node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0))
                * node["Actual Loops"]
                for node in nodes(said[0]["Plan"])
            )
            assert read <= 10 * CLAIMED, json.dumps(said, indent=1)
    finally:
        await database.close()
