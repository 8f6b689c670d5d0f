"""A customer is erased: monitor forgets them in impact, in packed tallies and in memory, and a replay brings nothing back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.monitor.fold.tallies import Rows
from services.monitor.hearing.events import Folding
from services.monitor.personal import PERSONAL
from shared.cloudevents import write_fact
from shared.erasing import erasure_of
from shared.events import CustomerErased, IncidentImpact, Topic
from shared.settings import Settings
from tests.builders import NOON, event_bytes
from tests.flow.monitor_watch import FAILING, Traffic, Watch, watching

pytestmark = pytest.mark.asyncio

ERASED = "c-1"  # also the beginning of c-10 to c-19
SINCE = NOON + timedelta(seconds=20)


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    async with watching(fresh_database, tmp_path, partitions=2) as it:
        await it.live(15, FAILING)
        yield it


async def erase(watch: Watch) -> None:
    """Publishes the erasure, and has the owner's next checkpoint made."""
    fact = CustomerErased.of(CustomerErased.Data(), subject=ERASED, at=SINCE)
    watch.topics.put(Topic.CUSTOMERS, write_fact(fact), key=ERASED.encode())
    await watch.loop.settle()


async def checkpoint(watch: Watch) -> None:
    """Has a checkpoint made, as the wake-up does in the running service."""
    stream = watch.consumers[0].stream
    assert isinstance(stream.processor, Folding)
    stream.processor.customers_erased()
    await stream.tick()
    await watch.loop.settle()


async def rows(watch: Watch, query: str) -> list[Any]:
    async with watch.service.database.connection() as connection:
        return [tuple(row) for row in await connection.fetch(query)]


async def tallied(watch: Watch) -> set[str]:
    """Returns the customers whose failures are stored."""
    packed = await rows(watch, "SELECT rows FROM fold_tallies")
    return {customer for (blob,) in packed for held in msgspec.msgpack.decode(blob, type=Rows).values() for customer in held}


async def impacted(watch: Watch) -> set[str]:
    return {customer for (customer,) in await rows(watch, "SELECT customer_id FROM impact")}


def named(watch: Watch) -> list[str]:
    """Returns everybody named as affected on incidents.v1, in order."""
    impacts = [fact for fact in watch.topics.facts(Topic.INCIDENTS) if isinstance(fact, IncidentImpact)]
    return [each.customer_id for fact in impacts for each in fact.data.customers]


def fails(watch: Watch, name: str, seconds: int) -> None:
    """Publishes one more bad event of the customer, so long after NOON."""
    at = NOON + timedelta(seconds=seconds)
    value = event_bytes(name, subject=ERASED, at=at, data={"component": "checkout", "ok": False})
    watch.topics.put(Topic.PRODUCT_EVENTS, value, key=ERASED.encode())


async def test_the_erased_is_in_no_table_and_the_others_are_as_before(watch: Watch) -> None:
    everybody = {f"c-{number}" for number in range(20)}
    assert await impacted(watch) == await tallied(watch) == everybody
    [before] = await rows(watch, "SELECT affected FROM incidents")
    await erase(watch)
    await checkpoint(watch)
    assert await impacted(watch) == await tallied(watch) == everybody - {ERASED}
    assert await rows(watch, "SELECT * FROM fold_erasures") == []
    assert await rows(watch, "SELECT affected FROM incidents") == [before]
    async with watch.service.database.connection() as connection:
        erasure = await erasure_of(connection, PERSONAL, ERASED)
    assert erasure is not None
    assert (erasure.rows["incidents that touched them"], erasure.rows["failures counted"] > 0, erasure.pending) == (1, True, ())


async def test_until_the_partitions_owner_has_forgotten_them_the_erasure_is_pending(watch: Watch) -> None:
    for stream in watch.service.streams[:2]:
        stream.slowest = float("inf")
        stream.save_in(stream.slowest)
    await erase(watch)
    async with watch.service.database.connection() as connection:
        erasure = await erasure_of(connection, PERSONAL, ERASED)
    assert erasure is not None
    assert erasure.pending == ("moments remembered", "failures counted")
    assert ERASED in await tallied(watch)


async def test_who_goes_on_failing_is_affected_anew_with_what_came_since(watch: Watch) -> None:
    await erase(watch)
    await watch.live(10, FAILING)
    assert named(watch).count(ERASED) == 2
    [first] = [first for customer, first in await rows(watch, "SELECT customer_id, first_seen_at FROM impact") if customer == ERASED]
    assert first >= NOON + timedelta(seconds=15)


@pytest.mark.parametrize("restarted", [False, True], ids=["at work", "after a restart"])
async def test_older_events_bring_nothing_back_and_count_as_one_customer(watch: Watch, restarted: bool) -> None:
    """A producer repeats what it said before the erasure under new ids, one event a checkpoint."""
    await erase(watch)
    await checkpoint(watch)
    if restarted:
        await watch.start()
    before = named(watch).count(ERASED)
    [(customers,)] = await rows(watch, "SELECT (why->>'customers')::int FROM incidents")
    for number in range(5):
        fails(watch, f"again-{number}", 10)
        await watch.loop.settle()
        await checkpoint(watch)
    await watch.live(3, Traffic("search"))
    assert ERASED not in await tallied(watch) | await impacted(watch)
    assert named(watch).count(ERASED) == before
    [(after,)] = await rows(watch, "SELECT (why->>'customers')::int FROM incidents")
    assert after <= customers + 1


async def test_an_erased_customer_who_fails_later_is_told_again(watch: Watch) -> None:
    """Their tally was hidden while its events were older."""
    await erase(watch)
    await checkpoint(watch)
    for number, seconds in enumerate((10, 11, 25, 26, 27)):
        await watch.clock.set(max(watch.clock.now, NOON + timedelta(seconds=seconds + 1)))
        fails(watch, f"later-{number}", seconds)
        await watch.loop.settle()
        await checkpoint(watch)
        assert (ERASED in await impacted(watch)) == (seconds > 20)
