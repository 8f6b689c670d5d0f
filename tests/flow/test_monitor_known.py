"""The fold reads the incidents that changed, and no others: whoever changed them, and in whatever order transactions commit."""

from datetime import timedelta
from typing import Any

from services.monitor.incidents.known import RecentIncident
from services.monitor.store.incidents import changed_incidents
from shared.postgres import Database, Tx

WITHIN = timedelta(minutes=10)


async def opens(tx: Tx, *ids: str) -> None:
    await tx.execute(
        "INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, why)"
        " SELECT id, 'failing', 'part-' || id, 'high', 'It fails', 'open', clock(), clock(), '{}' FROM unnest($1::text[]) AS id",
        list(ids),
    )


async def change(database: Database, query: str) -> None:
    async with database.transaction() as tx:
        await tx.execute(query)


async def read(database: Database, since: str | None) -> tuple[dict[str, RecentIncident], str]:
    async with database.transaction() as tx:
        found, until = await changed_incidents(tx, since, WITHIN)
    return {each.id: each for each in found}, until


async def test_what_is_read_is_what_has_changed_since_the_last_reading(monitor_database: Database) -> None:
    database = monitor_database
    # Given two incidents that are open
    async with database.transaction() as tx:
        await opens(tx, "a", "b")
    found, since = await read(database, None)
    assert found.keys() == {"a", "b"}
    assert (found["a"].resolved_at, found["a"].touches) == (None, True)
    # When nothing happens, or one touches one customer more, nothing is read
    assert (await read(database, since))[0] == {}
    await change(database, "UPDATE incidents SET affected = affected + 1")
    found, since = await read(database, since)
    assert found == {}
    # When one ends, and then is said to have been a false alarm, that is read
    await change(database, "UPDATE incidents SET status = 'resolved', ended_at = clock() WHERE id = 'a'")
    found, since = await read(database, since)
    assert (list(found), found["a"].resolved_at is None, found["a"].touches) == (["a"], False, True)
    await change(database, "UPDATE incidents SET status = 'dismissed' WHERE id = 'a'")
    found, since = await read(database, since)
    assert (list(found), found["a"].touches) == (["a"], False)
    # And a process that begins then reads what is open alone
    assert list((await read(database, None))[0]) == ["b"]


async def test_what_commits_late_is_read_although_a_later_transaction_was_read_before(monitor_database: Database) -> None:
    database, since = monitor_database, None
    late: Any
    # Given a transaction that has opened an incident and goes on, while a later one opens another and commits
    async with database.transaction() as late:
        await opens(late, "late")
        async with database.transaction() as tx:
            await opens(tx, "early")
        # When it is read meanwhile
        found, since = await read(database, since)
        assert list(found) == ["early"]
    # Then the next reading has what has committed since
    found, since = await read(database, since)
    assert "late" in found
    assert (await read(database, since))[0] == {}
