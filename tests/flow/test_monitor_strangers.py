"""A producer names an id where a component should be: what monitor holds of it is bounded, and the outage beside it is found."""

from datetime import timedelta

import pytest

from deploy.simulator.play import Record
from services.monitor.fold.aging import EVERY_OTHER
from services.monitor.hearing.events import Limits
from shared.events import Topic
from shared.postgres import Database
from tests.builders import NOON, event_bytes
from tests.flow.monitor_site import SMALL, Site, seconds, told, victims

pytestmark = pytest.mark.asyncio

LIMIT, DISTINCT, PARTITIONS = 20, 5_000, 4


def paths(count: int, *, after: float = 0.0) -> list[Record]:
    """Returns events that each name a component of their own, within 50 seconds."""
    at = [NOON + timedelta(seconds=after + 50 * number / count) for number in range(count)]
    values = [event_bytes(f"p-{n}/{after}", at=each, data={"component": f"orders/{after}/{n}", "ok": True}) for n, each in enumerate(at)]
    return [Record(0.0, Topic.PRODUCT_EVENTS, b"%d" % n, value, 0) for n, value in enumerate(values)]


async def test_random_components_leave_a_bounded_number_of_entries_and_hide_no_named_one(monitor_database: Database) -> None:
    # Given monitor, with checkout in its catalog, and thousands of components that nobody named
    site = Site(monitor_database, partitions=PARTITIONS, limits=Limits(components=LIMIT), named=frozenset({"checkout"}))
    await site.start()
    site.say(paths(DISTINCT))
    await site.settle()
    # When checkout fails
    site.say(told(SMALL))
    await site.settle()
    # Then the incident is found with all its customers
    [incident] = await site.incidents()
    assert incident["component"] == "checkout"
    assert {row["customer_id"] for row in await site.impact()} == victims(SMALL)
    # and of the others no more is held than the limit allows, in memory and in the tables
    held = await held_of(site)
    assert all(number <= most for number, most in held.values()), held
    account = await site.account()
    assert account["read"] == account["counted"] + account["unmatched"] + account["dead"]
    assert account["dead"] >= DISTINCT - PARTITIONS * LIMIT


async def test_an_open_incident_of_a_stranger_is_kept_until_events_show_its_end(monitor_database: Database) -> None:
    # Given an incident of a component that nobody named
    site = Site(monitor_database, partitions=PARTITIONS, limits=Limits(components=LIMIT))
    await site.start()
    site.say(told(SMALL, until=15.0))
    await site.settle()
    [opened] = await site.incidents()
    assert (opened["component"], opened["status"]) == ("checkout", "open")
    # When thousands of others come, also after a restart
    site.say(paths(DISTINCT // 2))
    await site.settle()
    await site.start()
    site.say(paths(DISTINCT // 2, after=1.0))
    await site.settle()
    # Then it ends as events show
    site.say(record for record in told(SMALL) if record.offset >= 15.0)
    await site.settle()
    [resolved] = await site.incidents()
    assert (resolved["id"], resolved["status"]) == (opened["id"], "resolved")
    assert seconds(resolved["resolved_at"]) < 60


async def test_a_stranger_whose_incident_a_person_ended_is_forgotten_like_any_other(monitor_database: Database) -> None:
    # Given an incident of a component that nobody named, which a person ended, and of which nothing more is heard
    site = Site(monitor_database, partitions=1, limits=Limits(components=LIMIT))
    await site.start()
    site.say(told(SMALL, until=15.0))
    await site.settle()
    assert [incident["status"] for incident in await site.incidents()] == ["open"]
    site.say(paths(2 * LIMIT, after=1_000.0))
    await site.settle()
    assert ("checkout-failing", "checkout") in site.detecting._series
    await site.rows("UPDATE incidents SET status = 'dismissed', ended_at = clock() RETURNING id")
    # When others come
    for after in (3_000.0, 5_000.0):
        site.say(paths(2 * LIMIT, after=after))
        await site.settle()
    # Then it makes room for them
    assert ("checkout-failing", "checkout") not in site.detecting._series


async def test_strangers_that_come_and_go_leave_no_windows_and_after_a_day_and_a_half_nothing_at_all(monitor_database: Database) -> None:
    # Given strangers that come and go, round after round
    site = Site(monitor_database, partitions=PARTITIONS, limits=Limits(components=LIMIT), named=frozenset({"checkout"}))
    await site.start()
    for round_ in range(6):
        site.say(paths(400, after=round_ * 1_000.0 - 8 * 86_400.0))
        await site.settle()
    held = await held_of(site)
    assert all(number <= most for number, most in held.values()), held
    assert held["windows"][0] == held["stored windows"][0] >= LIMIT
    # When a day and a half of event time has passed in every partition, and monitor has started anew
    await site.start()
    for days in (-6.0, -3.0):
        at = NOON + timedelta(days=days)
        values = [event_bytes(f"l-{days}-{n}", at=at + timedelta(seconds=n), data={"component": "checkout", "ok": True}) for n in range(40)]
        site.say(Record(0.0, Topic.PRODUCT_EVENTS, b"%d" % n, value, 0) for n, value in enumerate(values))
        await site.settle()
    # Then only what is named is left
    assert {row["component"] for row in await site.rows("SELECT component FROM series")} == {"checkout"}
    assert {component for _, component in site.detecting._series} == {"checkout"}
    assert {row["component"] for row in await site.rows("SELECT component FROM fold_components")} <= {"checkout", EVERY_OTHER}
    assert {
        name for partition in site.folding._partitions.values() for watch in partition.watches.values() for name in watch.watermarks
    } == {"checkout"}


async def held_of(site: Site) -> dict[str, tuple[int, int]]:
    """Returns what monitor holds per component, each with the most it may be."""
    rules, named = len(site.rules.rules), 1
    folded = rules * PARTITIONS * (LIMIT + named)
    watches = [watch for partition in site.folding._partitions.values() for watch in partition.watches.values()]
    series = len(await site.rows("SELECT FROM series"))
    return {
        "components in the fold": (sum(len(watch.watermarks) for watch in watches), folded),
        "components in its cells": (sum(len(watch.buckets._starts) for watch in watches), folded),
        "windows": (len(site.detecting._series), folded),
        "stored windows": (series, folded),
        "stored components": (len(await site.rows("SELECT FROM fold_components")), folded + rules * PARTITIONS),
    }
