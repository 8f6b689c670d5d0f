"""Rules of each kind open an incident on their own threshold, touch exactly those whom it is about, and end it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.events import IncidentOpened, IncidentResolved
from shared.settings import Settings
from tests.builders import NOON
from tests.flow.monitor_watch import Traffic, Watch, watching

pytestmark = pytest.mark.asyncio

WHAT = 'title: "{component} is failing", events: [com.example.request], bad: {data.ok: false}, window: 15s'
COUNT = f"  - {{id: many, detector: count, {WHAT}, open: {{count: 20, customers: 4}}, resolve: {{count: 4, calm: 10s, events: %d}}}}\n"
DISTINCT = f"  - {{id: wide, detector: distinct, {WHAT}, open: {{customers: 8}}, resolve: {{customers: 3, calm: 10s, events: %d}}}}\n"
WELL = Traffic("checkout", requests=200)


BURN = """\
  - id: burns
    detector: burn
    title: "{component} is failing"
    events: [com.example.request]
    bad: {data.ok: false}
    objective: 99
    resolve: {calm: 5m}
"""
PERCENTILE = """\
  - id: slow
    detector: percentile
    title: "{component} is slow"
    events: [com.example.request]
    number: data.latency_ms
    window: 15s
    open: {at_least: 800, customers: 5}
    resolve: {below: 600, calm: 5s}
"""


def failing(customers: int) -> Traffic:
    return Traffic("checkout", ok=False, requests=customers)


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    async with watching(fresh_database, tmp_path) as made:
        yield made


async def touched(watch: Watch) -> set[str]:
    async with watch.service.database.connection() as connection:
        return {row["customer_id"] for row in await connection.fetch("SELECT customer_id FROM impact")}


async def standing(watch: Watch) -> list[tuple[Any, ...]]:
    """Returns all that must be the same after a replay."""
    return [tuple(incident.values()) for incident in await watch.incidents()]


@pytest.mark.parametrize(
    ("rule", "customers", "seconds", "why"),
    [
        (COUNT, 5, 4, {"bad_events": 20, "customers": 5}),  # five failures a second: twenty in the fourth
        (DISTINCT, 8, 1, {"customers": 8, "bad_events": 8}),
    ],
    ids=["count", "distinct"],
)
async def test_trouble_that_is_no_large_share_is_found_and_ends(
    rule: str, customers: int, seconds: int, why: dict[str, int], watch: Watch
) -> None:
    await watch.start(rule % 1)
    # Given a busy checkout, of which next to nothing fails
    await watch.live(10, WELL, failing(1)._replace(component="search"))
    assert await watch.incidents() == []
    # When few of many requests fail, for these customers
    began = watch.clock.now
    await watch.live(seconds, WELL, failing(customers))
    # Then that is one incident, since its first failure, with its figures
    [opened] = watch.said(IncidentOpened)
    assert (opened.data.component, opened.data.started_at) == ("checkout", began + timedelta(seconds=0.5))
    assert {name: opened.data.why[name] for name in why} == why
    await watch.live(3, WELL, failing(customers))
    assert await touched(watch) == {f"c-{number}" for number in range(customers)}
    # When it is well again, while a restart forgets what was in memory
    last = watch.clock.now
    await watch.live(5, WELL)
    await watch.start(rule % 1)
    await watch.live(30, WELL)
    # Then it ends once the failures have left the window for ten seconds
    [resolved] = watch.said(IncidentResolved)
    assert timedelta(seconds=20) <= resolved.data.resolved_at - last <= timedelta(seconds=26)
    # and a replay changes nothing
    before, said = await standing(watch), len(watch.facts())
    async with watch.service.database.connection() as connection:
        await connection.execute("UPDATE offsets SET next = 0")
    await watch.start(rule % 1)
    assert (await standing(watch), len(watch.facts())) == (before, said)
    assert len(await touched(watch)) == customers


@pytest.mark.parametrize("rule", [COUNT, DISTINCT], ids=["count", "distinct"])
@pytest.mark.parametrize(("events", "ends"), [(0, True), (1, False)])
async def test_silence_is_calm_only_where_the_rule_says_that_failures_alone_are_told(
    rule: str, events: int, ends: bool, watch: Watch
) -> None:
    await watch.start(rule % events)
    # Given trouble of a component that only says what fails
    await watch.live(5, failing(10))
    assert [incident["status"] for incident in await watch.incidents()] == ["open"]
    # When it says nothing any more, while others go on
    await watch.live(40, Traffic("search"))
    # Then it ends by that, or stays open: nobody knows
    [incident] = await watch.incidents()
    assert incident["status"] == ("resolved" if ends else "open")
    if ends:
        assert NOON + timedelta(seconds=5) <= incident["ended_at"] <= NOON + timedelta(seconds=5 + 15 + 10 + 1)


async def minutes(watch: Watch, number: int, *traffic: Traffic) -> None:
    """Publishes this traffic once a minute, each read at once."""
    for _ in range(number):
        watch.say(*traffic, at=watch.clock.now)
        await watch.pass_time(minutes=1)


async def test_an_error_budget_that_is_spent_too_fast_opens_once_an_hour_was_seen_and_ends_when_it_lasts_again(watch: Watch) -> None:
    await watch.start(BURN)
    well, bad = Traffic("checkout", requests=30), failing(10)
    # Given a component that fails from its first event on
    await minutes(watch, 10, Traffic("new", ok=False, requests=20))
    # and another that is well for an hour, and then fails for ten customers, while monitor is started anew
    await minutes(watch, 65, well)
    began = watch.clock.now
    await minutes(watch, 20, well, bad)
    assert watch.said(IncidentOpened) == []  # a quarter fails: 14.4 % of an hour takes 35 minutes
    await watch.start(BURN)
    await minutes(watch, 25, well, bad)
    # Then that is one incident, of the known component alone
    [opened] = watch.said(IncidentOpened)
    assert (opened.data.component, opened.data.started_at) == ("checkout", began)
    assert opened.data.why["burn_rate_1h"] > opened.data.why["opens_at"]["burn_rate_1h"] == 14.4
    assert opened.data.why["burn_rate_6h"] is None
    assert await touched(watch) == {f"c-{number}" for number in range(10)}
    # When it is well again, it ends once half an hour is below six times the budget, for five minutes
    over = watch.clock.now
    await minutes(watch, 50, Traffic("checkout", requests=60))
    [resolved] = watch.said(IncidentResolved)
    assert timedelta(minutes=24) <= resolved.data.resolved_at - over <= timedelta(minutes=26)
    # and a replay changes nothing
    before, said = await standing(watch), len(watch.facts())
    async with watch.service.database.connection() as connection:
        await connection.execute("UPDATE offsets SET next = 0")
    await watch.start(BURN)
    assert (await standing(watch), len(watch.facts())) == (before, said)


async def test_a_percentile_is_of_all_partitions_and_is_not_forgotten_by_a_restart(watch: Watch) -> None:
    await watch.start(PERCENTILE)
    fast, slow = Traffic("checkout", requests=20, latency=120), Traffic("checkout", requests=6, latency=900)
    # Given a component that is fast, and then slow for six customers, while monitor is started anew
    await watch.live(5, fast)
    began = watch.clock.now
    await watch.live(1, fast, slow)
    await watch.start(PERCENTILE)
    assert watch.said(IncidentOpened) == []  # 6 of 126 are less than a twentieth
    await watch.live(1, fast, slow)
    # Then that is one incident, of those who waited, with the percentile of what was seen before and after
    [opened] = watch.said(IncidentOpened)
    assert opened.data.started_at == began + timedelta(seconds=0.5)
    assert opened.data.why["value"] == pytest.approx(900, rel=0.01)
    assert (opened.data.why["events"], opened.data.why["bad_events"]) == (152, 12)
    # and it ends when the larger ones of the window are small again
    await watch.live(30, fast)
    assert len(watch.said(IncidentResolved)) == 1
    assert await touched(watch) == {f"c-{number}" for number in range(6)}
    # and a replay changes nothing
    before, said = await standing(watch), len(watch.facts())
    async with watch.service.database.connection() as connection:
        await connection.execute("UPDATE offsets SET next = 0")
    await watch.start(PERCENTILE)
    assert (await standing(watch), len(watch.facts())) == (before, said)
