"""Two replicas that decide at the same moment tell one person once, and do not pass a limit of a minute together."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.notifier.deciding.turns import Limit
from services.notifier.store import places, turns
from shared.postgres import Database
from shared.settings import Settings

pytestmark = pytest.mark.asyncio

LEDGER = """INSERT INTO notifications (id, customer_id, kind, incident_id, about_at)
    SELECT 'n-' || n, 'c-' || n, 'opened', 'i-1', clock() FROM generate_series(1, 2) n"""


@pytest.fixture
async def database(fresh_database: Settings) -> AsyncIterator[Database]:
    it = Database(fresh_database, "notifier")
    await it.open()
    async with it.transaction() as tx:
        await tx.execute(LEDGER)
    yield it
    await it.close()


async def blocked(database: Database, waiting: asyncio.Task[object]) -> None:
    """Waits until the database has the other one wait for a lock."""
    async with asyncio.timeout(20), database.connection() as connection:
        while not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            assert not waiting.done()
            await asyncio.sleep(0)


@pytest.mark.parametrize("sent", [True, False])
async def test_the_second_finds_what_the_first_has_sent_while_it_waited(database: Database, sent: bool) -> None:
    async def second() -> dict[str, str]:
        async with database.transaction() as tx:
            return await places.take(tx, {"n-2": b"there"})

    async with database.transaction() as tx:
        assert await places.take(tx, {"n-1": b"there"}) == {}
        if sent:
            await tx.execute("UPDATE notifications SET sent_at = clock() WHERE id = 'n-1'")
        waiting = asyncio.create_task(second())
        await blocked(database, waiting)
    assert await waiting == ({"n-2": "n-1"} if sent else {})


async def test_of_two_in_one_batch_the_first_is_told_and_asking_again_changes_nothing(database: Database) -> None:
    async with database.transaction() as tx:
        assert await places.take(tx, {"n-1": b"there", "n-2": b"there"}) == {"n-2": "n-1"}
        assert await places.take(tx, {"n-1": b"there"}) == {}


async def test_a_limit_is_not_passed_by_two_together(database: Database) -> None:
    async def ask(of: str) -> int:
        async with database.transaction() as tx:
            return 3 - len(await turns.take(tx, {f"{of}-{n}": Limit("all", 4) for n in range(3)}))

    async with database.transaction() as tx:
        await tx.execute("INSERT INTO turns (scope, minute, asked) VALUES ('all', clock() + interval '1 hour', 0)")
    assert sum(await asyncio.gather(ask("a"), ask("b"))) == 4
