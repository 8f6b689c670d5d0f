"""A record with an absurd time silences no component and stops no work: it is put aside, or time comes no further than our clock."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.monitor.hearing.partials import Detecting
from services.monitor.store.series import series_of
from shared.cloudevents import write_fact
from shared.events import Bucket, Fact, FoldedSeries, PartialFolded, Topic
from shared.settings import Settings
from tests.flow.monitor_watch import FAILING, WELL, Watch, watching
from tests.flow.notifier_stage import Stage, impact, opened

pytestmark = pytest.mark.asyncio

FOREVER = datetime.max.replace(tzinfo=UTC)
EAST = ("Europe/Berlin", "Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Auckland", "Asia/Kolkata", "Etc/GMT-14", "nowhere", "UTC")


def reasons(topics: Any, topic: Topic) -> list[str]:
    """Returns why records of the topic were put aside."""
    return [dict(record.headers)["forewarn-reason"].decode() for record in topics.records(f"{topic}.dlq")]


# ── monitor ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    async with watching(fresh_database, tmp_path) as made:
        our_clock(made)
        yield made


def detecting(watch: Watch) -> Detecting:
    processor = watch.consumers[1].stream.processor
    assert isinstance(processor, Detecting)
    return processor


def our_clock(watch: Watch, ahead: timedelta = timedelta()) -> None:
    """Sets the wall clock of detection to the story's time."""

    def clock() -> float:
        return (watch.clock.now + ahead).timestamp()

    detecting(watch)._clock = clock


async def forge(watch: Watch, ahead: timedelta, *buckets: Bucket) -> None:
    """Publishes a partial that says that time has come so far."""
    at = (watch.clock.now + ahead).timestamp()
    series = tuple(FoldedSeries(rule="failing", component="checkout", partition=each, watermark=at, buckets=buckets) for each in range(4))
    fact = PartialFolded.of(PartialFolded.Data(series=series), subject="components-1", at=watch.clock.now)
    for partition in range(4):
        watch.topics.put(Topic.PARTIALS, write_fact(fact), key=fact.subject.encode(), partition=partition)
    await watch.loop.settle()


async def an_outage_is_found(watch: Watch) -> None:
    since = watch.clock.now
    await watch.live(10, FAILING)
    await watch.live(30, WELL)
    [incident] = await watch.incidents()
    assert incident["status"] == "resolved"
    assert since <= incident["started_at"] <= since + timedelta(seconds=1)
    assert incident["opened_at"] - since <= timedelta(seconds=10)


async def test_a_partial_ten_years_ahead_is_put_aside_and_a_real_outage_is_found(watch: Watch) -> None:
    await watch.live(5, WELL)
    await forge(watch, timedelta(days=3653))
    assert reasons(watch.topics, Topic.PARTIALS) == ["absurd_time"] * 4
    await an_outage_is_found(watch)


@pytest.mark.parametrize("ahead", [timedelta(minutes=1), timedelta(hours=23, minutes=59)], ids=str)
async def test_a_partial_that_is_ahead_silences_no_component(watch: Watch, ahead: timedelta) -> None:
    # Given a component that is known, and one that is not yet
    await watch.live(5, WELL)
    # When a partial says that time is ahead, with all well there and then
    start = int((watch.clock.now + ahead).timestamp())
    await forge(watch, ahead, (start, 1_000_000, 0, 0), (start - 1, 1_000_000, 1, 1, start + 10.0))
    # Then an outage is found as at any other time, and nothing was put aside
    await an_outage_is_found(watch)
    assert reasons(watch.topics, Topic.PARTIALS) == []


async def test_a_first_partial_that_is_ahead_silences_no_component(watch: Watch) -> None:
    await forge(watch, timedelta(hours=23), (int((watch.clock.now + timedelta(hours=23)).timestamp()), 1_000, 0, 0))
    await an_outage_is_found(watch)


async def test_what_a_wrong_clock_let_be_judged_is_judged_anew(watch: Watch) -> None:
    # Given an outage that goes on, and a clock that is a year ahead for a while
    await watch.live(10, FAILING)
    our_clock(watch, timedelta(days=365))
    await forge(watch, timedelta(days=365))
    # When the clock is right again
    our_clock(watch)
    await watch.live(30, WELL)
    # Then the incident ends, and the next outage is found
    [incident] = await watch.incidents()
    assert incident["status"] == "resolved"
    await watch.live(10, FAILING)
    assert [each["status"] for each in await watch.incidents()] == ["resolved", "open"]


async def test_events_a_day_ahead_silence_no_component(watch: Watch) -> None:
    await watch.live(5, WELL)
    watch.say(WELL, at=datetime.now(UTC) + timedelta(hours=20))
    await watch.loop.settle()
    async with watch.service.database.transaction() as tx:
        series = await series_of(tx, range(4), detecting(watch)._fingerprints)
    assert {each.window.watermark <= watch.clock.now.timestamp() for each in series.values()} == {True}


# ── notifier ─────────────────────────────────────────────────────────────────────────────────


def at_the_end_of_time(fact: Fact) -> bytes:
    said = json.loads(write_fact(fact))
    said["data"]["started_at"] = FOREVER.isoformat()
    return json.dumps(said).encode()


async def test_an_incident_of_9999_is_put_aside_and_customers_in_every_zone_are_told_of_the_next(on: Stage) -> None:
    # Given customers in zones east of UTC, and one that is nowhere
    for number, zone in enumerate(EAST):
        await on.know(f"c-{number}", timezone=zone)
    customers = [f"c-{number}" for number in range(len(EAST))]
    # When an incident is said to begin at the end of time
    on.topics.put(Topic.INCIDENTS, at_the_end_of_time(opened(on.now)), key=b"i-1")
    await on.hear(impact(on.now, *customers))
    # Then that is a dead letter, and the next one is told to all of them
    assert reasons(on.topics, Topic.INCIDENTS) == ["absurd_time"]
    await on.hear(opened(on.now, "i-2"), impact(on.now, *customers, incident_id="i-2"))
    for each in customers:
        assert ("opened", "delivered", None) in await on.ledger(each)


async def test_an_incident_of_9999_that_an_older_version_took_is_told_in_every_zone(on: Stage) -> None:
    for number, zone in enumerate(EAST):
        await on.know(f"c-{number}", timezone=zone)
    await on.consume(opened(on.now), impact(on.now, *(f"c-{number}" for number in range(len(EAST)))))
    await on.rows("UPDATE incidents SET started_at = $1 RETURNING id", FOREVER)
    await on.loop.settle()
    for number in range(len(EAST)):
        assert await on.ledger(f"c-{number}") == [("opened", "delivered", None)]
    assert await on.rows("SELECT FROM due WHERE attempts > 1") == []
