"""The console hears five topics: its counts are right whatever comes in whatever order, and what comes again changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import integers

from services.console.rebuilding.tables import MODEL
from shared.events import TOPIC_OF, CustomerErased, Fact
from shared.postgres import Database
from shared.settings import Settings
from tests.builders import NOON
from tests.conftest import opened as opened_database
from tests.flow import console_story as told
from tests.flow.console_model import recounted, rows, tables


@pytest.fixture
async def console(fresh_database: Settings) -> AsyncIterator[Database]:
    async with opened_database(fresh_database, "console") as database:
        yield database


async def test_an_incident_says_how_many_it_touches_who_were_told_and_who_wrote(console: Database) -> None:
    await told.tell(console)
    [checkout] = await rows(console, "SELECT * FROM incidents WHERE id = $1", told.CHECKOUT)
    counts = {name: checkout[name] for name in ("affected", "told", "untold", "wrote", "told_first", "tickets", "tickets_open")}
    assert counts == {"affected": 16, "told": 12, "untold": 4, "wrote": 3, "told_first": 11, "tickets": 3, "tickets_open": 3}
    assert await recounted(console) == []


async def test_what_comes_again_changes_nothing(console: Database) -> None:
    await told.tell(console)
    before = await tables(console)
    await told.tell(console)
    async with console.transaction() as tx:  # one by one, as after a rollback
        for fact in told.story():
            await told.hear(tx, [fact])
    assert await tables(console) == before


async def test_what_is_erased_is_counted_no_more_and_does_not_come_back(console: Database) -> None:
    await told.tell(console)
    async with console.transaction() as tx:
        await told.hear(tx, [erased("c-1", NOON + timedelta(hours=1))])
        await told.hear(tx, [erased("c-13", NOON + timedelta(hours=1))])
    [checkout] = await rows(console, "SELECT affected, told, untold, wrote, tickets FROM incidents WHERE id = $1", told.CHECKOUT)
    assert checkout == {"affected": 14, "told": 11, "untold": 3, "wrote": 1, "tickets": 1}
    assert await recounted(console) == []
    before = await tables(console)
    await told.tell(console)
    assert await tables(console) == before
    assert not [row for held in before.values() for row in held if "c-1@" in row or "Anna" in row or "c-13" in row]


async def test_that_nobody_is_told_who_was_erased_is_not_kept(console: Database) -> None:
    async with console.transaction() as tx:
        await told.hear(tx, [told.suppressed(told.CHECKOUT, "c-1", NOON, "erased")])
    assert await rows(console, "SELECT * FROM notifications") == []


async def test_facts_of_versions_without_a_state_move_the_ticket_by_what_they_say(console: Database) -> None:
    async with console.transaction() as tx:
        await told.hear(tx, [without_state(fact) for fact in told.tickets_of(NOON)])
    stated = await rows(console, "SELECT number, status, assignee, reopened FROM tickets ORDER BY number")
    assert [(row["number"], row["status"], row["reopened"]) for row in stated] == [
        (1001, "waiting", 0),
        (1002, "in_progress", 0),
        (1003, "open", 0),
        (1004, "open", 0),
        (1005, "open", 0),
        (1006, "resolved", 0),
        (1007, "open", 1),
        (1008, "resolved", 0),
    ]
    assert await recounted(console) == []


# ── whatever the order ───────────────────────────────────────────────────────────────────────


def interleaved(facts: list[Fact], chance: Random) -> list[list[Fact]]:
    """Returns the facts in batches: topics take turns at random, and each keeps its own order."""
    queues = {topic: [fact for fact in facts if TOPIC_OF[type(fact)] == topic] for topic in told.HEARING}
    batches = []
    while left := [topic for topic, queue in queues.items() if queue]:
        topic, count = chance.choice(left), chance.choice((1, 1, 2, 5, 50))
        batches.append(queues[topic][:count])
        queues[topic] = queues[topic][count:]
    return batches


@given(seed=integers(0, 2**32))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_facts_of_different_topics_end_in_the_same_rows_in_whatever_order_they_come(fresh_database: Settings, seed: int) -> None:
    asyncio.run(_any_order(fresh_database, Random(seed)))


async def _any_order(fresh: Settings, chance: Random) -> None:
    async with opened_database(fresh, "console") as database:
        await empty(database)
        await told.tell(database)
        expected = await tables(database)
        await empty(database)
        batches = interleaved(told.story(), chance)
        for batch in batches:
            async with database.transaction() as tx:
                await told.hear(tx, batch)
            assert await recounted(database) == []
        assert await tables(database) == expected
        for customer_id in chance.sample(told.CUSTOMERS, 5):
            async with database.transaction() as tx:
                await told.hear(tx, [erased(customer_id, NOON + timedelta(hours=2))])
            assert await recounted(database) == []
        async with database.connection() as connection:
            await connection.execute("DELETE FROM tickets WHERE number % 2 = 0; DELETE FROM notifications WHERE status = 'failed'")
            await connection.execute("DELETE FROM incidents WHERE status <> 'open'")
        assert await recounted(database) == []


async def empty(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(f"TRUNCATE {', '.join(MODEL)}, erasures, changes")


def erased(customer_id: str, at: datetime) -> CustomerErased:
    return CustomerErased.of(CustomerErased.Data(), subject=customer_id, at=at)


def without_state(fact: Fact) -> Fact:
    """Returns the fact as versions before said it."""
    return fact.model_copy(update={"data": fact.data.model_copy(update={"state": None, "by": None, "actor": None})})
