"""monitor reads a backlog, restarts in it, and stores what changed: memory and bytes stay small, and nothing counts twice."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from deploy.simulator.faults import Outage
from deploy.simulator.play import Record
from services.monitor import metrics
from services.monitor.fold.buckets import OldCell, StoredCells
from services.monitor.fold.partition import Partition
from services.monitor.fold.tallies import Rows, Tally
from services.monitor.fold.watch import FOUND_WITHIN
from services.monitor.hearing.events import Limits
from services.monitor.rules.file import RulesFile
from shared.cloudevents import MAX_BYTES, write_event
from shared.events import ProductEvent, Topic
from shared.postgres import Database
from tests.builders import NOON
from tests.figures import value
from tests.flow.monitor_site import SMALL, Site, told, victims
from tests.unit.monitor.builders import request, rule

pytestmark = pytest.mark.asyncio

LONG_AGO = NOON.timestamp() + 10 * 86_400  # the wall clock, when all of a story is past
ONE = RulesFile(rules=[rule()])


def records(events: Iterable[ProductEvent]) -> Iterator[Record]:
    for each in events:
        yield Record(0.0, Topic.PRODUCT_EVENTS, (each.subject or "").encode(), write_event(each), 0)


def partitions(site: Site) -> list[Partition]:
    return list(site.folding._partitions.values())


def known(site: Site) -> int:
    return sum(len(partition.seen) for partition in partitions(site))


async def a_site(database: Database, rules: RulesFile = ONE, limits: Limits | None = None, *, at_once: int = 300) -> Site:
    site = Site(database, at_once=at_once, rules=rules, limits=limits)
    site.wall = LONG_AGO
    await site.start()
    return site


# ── event time, not the wall clock ───────────────────────────────────────────────────────────


def hours(count: int) -> Iterator[ProductEvent]:
    """Yields an event every three seconds for so many hours."""
    return (request(at, customer=f"c-{at % 40}") for at in range(0, count * 3600, 3))


async def test_reading_a_backlog_of_hours_takes_no_more_memory_than_its_last_minutes(monitor_database: Database) -> None:
    site = await a_site(monitor_database)
    site.say(records(hours(12)))
    most = 0
    while await site.turn():
        most = max(most, known(site))
    assert most <= (1200 + 2 * 60) / 3 + 4 * 300  # two horizons with their minutes, and what one checkpoint brings to each partition
    assert await stored(site) == known(site)
    assert (await site.account())["counted"] == 12 * 1200


async def stored(site: Site) -> int:
    [row] = await site.rows("SELECT coalesce(sum(length(ids)) / 8, 0)::int AS ids FROM fold_seen")
    return int(row["ids"])


async def test_a_restart_in_a_backlog_loads_no_more_than_was_remembered_and_counts_nothing_twice(monitor_database: Database) -> None:
    site = await a_site(monitor_database)
    events = list(hours(3))
    site.say(records(events))
    for _ in range(8):
        await site.turn()
    before, account = known(site), await site.account()
    await site.start()
    assert known(site) == before
    site.say(records(events[: account["read"]]))
    await site.settle()
    again = await site.account()
    assert again["counted"] - again["late"] == len(events)
    assert again["read"] == len(events) + account["read"] == again["counted"] + again["duplicate"]


async def test_an_outage_in_the_middle_of_a_backlog_that_is_read_unevenly_still_finds_its_victims(monitor_database: Database) -> None:
    # Given that monitor was away for hours, with an outage in them, and that detection comes to work only when all is folded
    story = replace(SMALL, faults=(Outage("checkout", customers=27, start=20.0, end=60.0),))
    site = await a_site(monitor_database, Site(monitor_database).rules, at_once=2000)
    site.say(told(story, 120.0))
    site.say(records(request(at, customer=f"c-{at % 40}", component="search") for at in range(130, 4 * 3600, 2)))
    while await site.events.turn():
        await site.topics.relay(site.database)
    assert min(partition.clock for partition in partitions(site)) > NOON.timestamp() + 3 * 3600
    # When it does
    site.wall = LONG_AGO + FOUND_WITHIN - 1
    await site.settle()
    # Then everybody who was hit is found
    assert [incident["component"] for incident in await site.incidents()] == ["checkout"]
    assert {row["customer_id"] for row in await site.impact()} == victims(story)


# ── limits ───────────────────────────────────────────────────────────────────────────────────


async def test_above_the_limit_the_oldest_identities_go_are_counted_and_do_not_count_again(monitor_database: Database) -> None:
    site = await a_site(monitor_database, limits=Limits(identities=500))
    events = [request(second / 4, customer=f"c-{second % 40}") for second in range(2000)]
    dropped = value(metrics.IDENTITIES_DROPPED)
    site.say(records(events))
    while await site.turn():
        assert known(site) <= 500
    assert value(metrics.IDENTITIES_DROPPED) - dropped == 2000 - known(site)
    assert value(metrics.IDENTITIES) == known(site) == await stored(site)
    site.say(records(events))
    await site.settle()
    account = await site.account()
    assert (account["counted"] - account["late"], account["duplicate"] + account["late"]) == (2000, 2000)


async def test_a_lower_limit_holds_before_anything_is_loaded(monitor_database: Database) -> None:
    site = await a_site(monitor_database)
    events = [request(second / 4, customer=f"c-{second % 40}") for second in range(2000)]
    site.say(records(events))
    await site.settle()
    site.limits = Limits(identities=600)
    await site.start()
    assert known(site) <= 600
    await site.replay(Topic.PRODUCT_EVENTS)
    account = await site.account()
    assert account["counted"] - account["late"] == 2000


async def test_events_that_name_one_component_too_many_become_dead_letters_and_the_account_adds_up(monitor_database: Database) -> None:
    site = await a_site(monitor_database, limits=Limits(components=5))
    refused = value(metrics.COMPONENTS_REFUSED)
    site.say(records(request(number / 10, component=f"part-{number % 5}", customer="c-1") for number in range(50)))
    ids = [request(6 + number / 10, component=f"order-{number}", customer="c-1") for number in range(20)]
    site.say(records(ids))
    await site.settle()
    letters = site.topics.records(Topic.PRODUCT_EVENTS + ".dlq")
    assert {dict(letter.headers)["forewarn-reason"] for letter in letters} == {b"too_many_components"}
    assert [letter.value for letter in letters] == [write_event(each) for each in ids]
    assert value(metrics.COMPONENTS_REFUSED) - refused == 20
    account = await site.account()
    assert (account["read"], account["counted"], account["dead"]) == (70, 50, 20)


async def test_components_that_fell_silent_make_room_and_redriven_letters_count(monitor_database: Database) -> None:
    site = await a_site(monitor_database, limits=Limits(components=2))
    site.say(records([request(0, component="old"), request(0, component="checkout"), request(1, component="new")]))
    await site.settle()
    [letter] = site.topics.records(Topic.PRODUCT_EVENTS + ".dlq")
    for at in (700, 1400):
        site.say(records([request(at)]))
        await site.settle()
    site.topics.put(Topic.PRODUCT_EVENTS, letter.value, key=letter.key)
    await site.settle()
    account = await site.account()
    assert (account["counted"], account["dead"], account["late"]) == (5, 1, 0)
    # and what was displaced stays so after a restart
    await site.start()
    [watch] = [watch for partition in partitions(site) for watch in partition.watches.values() if watch.watermarks]
    assert set(watch.watermarks) == {"checkout", "new"}
    assert watch.components.is_late_for_all("old", NOON.timestamp())


# ── what a checkpoint writes ─────────────────────────────────────────────────────────────────


async def bytes_of_last_checkpoint(site: Site) -> int:
    """Returns the stored bytes of cells and of tallies."""
    [row] = await site.rows(
        "WITH last AS (SELECT max(part) AS part FROM fold_cells)"
        " SELECT (SELECT coalesce(sum(length(cells)), 0) FROM fold_cells JOIN last USING (part))"
        " + (SELECT coalesce(sum(length(rows)), 0) FROM fold_tallies JOIN last USING (part)) AS bytes"
    )
    return int(row["bytes"])


async def test_one_more_failure_writes_as_much_after_10000_as_after_10_and_not_all_of_them_again(monitor_database: Database) -> None:
    wide = RulesFile(rules=[rule(window="1h")])
    written = []
    for count in (10, 10_000):
        site = await a_site(monitor_database, wide, at_once=20_000)
        # Given customers who failed within the hour, of 200 components
        site.say(records(request(n / 5, ok=False, customer=f"c-{n}", component=f"part-{n % 200}") for n in range(count)))
        await site.settle()
        # When one of them fails once more
        site.say(records([request(2001, ok=False, customer="c-5", component="part-5")]))
        await site.settle()
        written.append(await bytes_of_last_checkpoint(site))
        await site.wipe()
    assert written[1] == written[0] <= 300


async def test_what_is_stored_stays_within_a_few_times_what_is_known_however_often_it_changes(monitor_database: Database) -> None:
    wide = RulesFile(rules=[rule(window="1h")])
    site = await a_site(monitor_database, wide, at_once=20)
    site.say(records(request(n / 5, ok=n % 2 == 0, customer=f"c-{n % 20}", component="checkout") for n in range(4000)))
    await site.settle()
    cells = [msgspec.msgpack.decode(row["cells"], type=StoredCells) for row in await site.rows("SELECT cells FROM fold_cells")]
    live = [len(bucket) for partition in partitions(site) for watch in partition.watches.values() for bucket in watch.buckets.of.values()]
    assert sum(map(len, cells)) <= 2 * sum(live)
    rows = await site.rows("SELECT rows FROM fold_tallies")
    tallies = [each for row in rows for each in msgspec.msgpack.decode(row["rows"], type=Rows).values()]
    assert sum(map(len, tallies)) <= 2 * 20


async def test_partials_of_very_many_series_and_buckets_all_fit(monitor_database: Database) -> None:
    # Given twelve rules over 20 components, and a minute of bucketed time for each in one checkpoint
    site = await a_site(monitor_database, RulesFile(rules=[rule(id=f"failing-{n}") for n in range(12)]), at_once=100_000)
    site.say(records(request(at, component=f"part-{n}", customer="c-1") for at in range(300) for n in range(20)))
    await site.events.turn()
    async with monitor_database.connection() as connection:
        sizes = [row["size"] for row in await connection.fetch("SELECT length(value) AS size FROM outbox")]
    assert sum(sizes) > MAX_BYTES
    assert max(sizes) < MAX_BYTES * 0.6
    # Then detection takes all of it
    await site.settle()
    assert site.topics.records(Topic.PARTIALS + ".dlq") == []
    assert len(await site.rows("SELECT FROM series")) == 12 * 20
    ids = [msgspec.json.decode(record.value)["id"] for record in site.topics.records(Topic.PARTIALS)]
    assert len(set(ids)) == len(ids)


# ── an older version's snapshot ──────────────────────────────────────────────────────────────


async def as_an_older_version_left_it(site: Site) -> None:
    """Puts what is stored into the form it had before migration 0003_fold."""
    last: dict[tuple[int, str, str, str], Tally] = {}
    for row in await site.rows("SELECT * FROM fold_tallies ORDER BY part"):
        for component, customers in msgspec.msgpack.decode(row["rows"], type=Rows).items():
            last |= {(row["partition"], row["rule"], component, customer): tally for customer, tally in customers.items()}
    failing: dict[tuple[int, str, str, int], dict[str, tuple[float, float, int]]] = {}
    for (partition, rule_, component, customer), tally in last.items():
        failing.setdefault((partition, rule_, component, tally.home), {})[customer] = tally.first, tally.last, tally.count
    cells: dict[tuple[int, str, int], dict[str, OldCell]] = {}
    for row in await site.rows("SELECT * FROM fold_cells ORDER BY part"):
        for component, cell in msgspec.msgpack.decode(row["cells"], type=StoredCells).items():
            rows = failing.get((row["partition"], row["rule"], component, row["start"]), {})
            old = OldCell(cell.total, cell.bad, rows, cell.watermark, cell.first_bad)
            cells.setdefault((row["partition"], row["rule"].split("@")[0], row["start"]), {})[component] = old
    async with site.database.connection() as connection:
        await connection.executemany(
            "INSERT INTO fold_buckets VALUES ($1, $2, $3, $4)", [(*at, msgspec.msgpack.encode(held)) for at, held in cells.items()]
        )
        await connection.execute("TRUNCATE fold_cells, fold_tallies, fold_components, fold_clocks; UPDATE fold_seen SET clock = NULL")


async def test_an_upgrade_in_the_middle_of_an_outage_loses_no_count(monitor_database: Database) -> None:
    straight = await a_site(monitor_database, Site(monitor_database).rules)
    story = told(SMALL)
    third = len(story) // 3
    for part in (story[:third], story[third:]):
        straight.say(part)
        await straight.settle()
    expected = await straight.tables(), await straight.account()
    await straight.wipe()
    # Given an older version that was stopped while the outage went on
    site = await a_site(monitor_database, Site(monitor_database).rules)
    site.say(story[:third])
    await site.settle()
    await as_an_older_version_left_it(site)
    # When the new one goes on, and crashes once before its first checkpoint
    await site.start()
    await site.start()
    site.say(story[third:])
    await site.settle()
    # Then everything is as if nothing had happened
    assert (await site.tables(), await site.account()) == expected
    assert await site.rows("SELECT FROM fold_buckets") == []


async def test_what_an_older_version_kept_by_the_wall_clock_is_not_loaded(monitor_database: Database) -> None:
    left: dict[str, list[dict[str, Any]]] = {"fold_buckets": [], "fold_seen": []}
    # Given two stretches of time that an older version read within ten minutes of the wall clock
    for start in (0, 10_000):
        site = await a_site(monitor_database, at_once=100_000)
        site.say(records(request(at, customer=f"c-{at % 40}") for at in range(start, start + 600, 3)))
        await site.settle()
        await as_an_older_version_left_it(site)
        for table in left:
            left[table] += await site.rows(f"SELECT * FROM {table}")  # noqa: S608
        await site.wipe()
    async with monitor_database.connection() as connection:
        for table, rows in left.items():
            places = ", ".join(f"${number + 1}" for number in range(len(rows[0])))
            await connection.executemany(f"INSERT INTO {table} VALUES ({places})", [tuple(row.values()) for row in rows])  # noqa: S608
    # When the new one starts
    site = await a_site(monitor_database)
    # Then it knows the later one, the earlier one is gone, and events of it are late
    assert known(site) == await stored(site) == 200
    held = [start for partition in partitions(site) for watch in partition.watches.values() for start in watch.buckets.of]
    assert min(held) == NOON.timestamp() + 10_000
    site.say(records(request(at, customer=f"c-{at % 40}") for at in range(0, 600, 3)))
    await site.settle()
    assert (await site.account())["late"] == 200
