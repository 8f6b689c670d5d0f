"""An expected event that does not come opens an incident by the wall clock, once, and ends it when it comes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.monitor.acts import absences
from services.monitor.rules.absence import AbsenceRule
from shared.events import IncidentOpened, IncidentResolved, IncidentUpdated, IncidentWithdrawn
from shared.settings import Settings
from tests.builders import NOON
from tests.flow.monitor_watch import SEARCH, Traffic, Watch, watching

pytestmark = pytest.mark.asyncio

RULE = """\
  - id: heartbeat
    detector: absence
    title: "{component} says nothing"
    events: [com.example.request]
    only: [export]
    every: 5m
    grace: 1m
"""
BEAT = Traffic("export", requests=1)
MINUTE = timedelta(minutes=1)
LOOK = timedelta(seconds=45)  # within which what is overdue is found: two looks at how far is read, and one at what is overdue


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    async with watching(fresh_database, tmp_path) as made:
        await made.start(RULE)
        yield made


async def beat(watch: Watch, times: int, *also: Traffic) -> datetime:
    """Lets the heart beat once a minute; returns when it did so last."""
    last = watch.clock.now
    for _ in range(times):
        last = watch.clock.now
        watch.say(BEAT, *also, at=last)
        await watch.loop.settle()
        await watch.pass_time(minutes=1)
    return last


async def statuses(watch: Watch) -> list[str]:
    return [incident["status"] for incident in await watch.incidents()]


async def test_what_stays_away_opens_an_incident_since_it_was_due_and_ends_it_when_it_comes(watch: Watch) -> None:
    # Given a heart that beats, and stops
    last = await beat(watch, 10)
    await watch.pass_time(minutes=5)
    assert await watch.incidents() == []  # 5 minutes are over, and the grace is not
    # When the grace is over, too, and all that was there has been read
    await watch.pass_time(minutes=1)
    # Then it opened within seconds, as of when it was due
    [opened] = watch.said(IncidentOpened)
    assert (opened.data.rule, opened.data.component, opened.data.title) == ("heartbeat", "export", "export says nothing")
    assert opened.data.started_at - (last + 5 * MINUTE) < timedelta(seconds=1)
    assert opened.data.opened_at - (last + 6 * MINUTE) < LOOK
    assert opened.data.why["unheard_seconds"] > opened.data.why["opens_at"]["unheard_seconds"] == 360
    # and it neither falls silent, nor says more, nor touches anybody
    await watch.pass_time(minutes=20)
    assert watch.said(IncidentUpdated) == []
    # When it comes, the incident ends at once
    before = watch.clock.now
    watch.say(BEAT, at=before)
    await watch.loop.settle()
    [resolved] = watch.said(IncidentResolved)
    assert resolved.data.resolved_at == before
    assert resolved.data.incident_id == opened.data.incident_id
    # and the next absence is another one
    await watch.pass_time(minutes=7)
    assert await statuses(watch) == ["resolved", "open"]


async def test_what_never_came_since_the_rule_began_is_missing_too(watch: Watch) -> None:
    await watch.pass_time(minutes=5, seconds=50)
    assert await watch.incidents() == []
    await watch.pass_time(minutes=1)
    [opened] = watch.said(IncidentOpened)
    assert (opened.data.component, opened.data.started_at) == ("export", NOON + 5 * MINUTE)
    assert opened.data.why["last_event_at"] is None


async def test_components_of_the_catalog_are_expected_where_the_rule_names_none(watch: Watch) -> None:
    watch.catalog = "components: {checkout: {name: Checkout}, search: {name: Search}}\n"
    await watch.start(RULE.replace("    only: [export]\n", ""))
    # Given one of the two that speaks, and a stranger that spoke once
    watch.say(BEAT, at=watch.clock.now)
    for _ in range(8):
        watch.say(SEARCH, at=watch.clock.now)
        await watch.pass_time(minutes=1)
    assert sorted(incident["component"] for incident in await watch.incidents()) == ["checkout", "export"]
    # When one is no longer in the catalog and was never heard, its incident is withdrawn
    watch.catalog = "components: {search: {name: Search}}\n"
    await watch.start(RULE.replace("    only: [export]\n", ""))
    assert [fact.data.component for fact in watch.said(IncidentWithdrawn)] == ["checkout"]


# ── monitor itself is away ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("stuck", [0, 1], ids=["product events", "partials"])
async def test_a_monitor_that_is_behind_takes_nothing_for_absent(stuck: int, watch: Watch) -> None:
    await beat(watch, 3)
    consumer = watch.consumers[stuck]
    await consumer.revoke()
    await beat(watch, 10)
    assert await watch.incidents() == []
    await consumer.assign()
    await beat(watch, 3)
    assert await watch.incidents() == []


async def test_a_monitor_that_was_down_takes_what_it_did_not_read_for_nothing(watch: Watch) -> None:
    await beat(watch, 3)
    await watch.stop()
    for minute in range(120):
        watch.say(BEAT, at=watch.clock.now + minute * MINUTE)
    await watch.clock.set(watch.clock.now + timedelta(hours=2))
    await watch.start(RULE)
    await watch.pass_time(minutes=4)
    assert await watch.incidents() == []
    # but what then stays away is missing
    await watch.pass_time(minutes=4)
    assert await statuses(watch) == ["open"]


async def test_an_absence_is_one_incident_over_restarts_and_replays(watch: Watch) -> None:
    await beat(watch, 3)
    await watch.pass_time(minutes=5, seconds=58)
    for _ in range(4):
        await watch.start(RULE)
        await watch.pass_time(seconds=20)
    assert await statuses(watch) == ["open"]
    # A replay of all that was read neither ends it nor opens another
    async with watch.service.database.connection() as connection:
        await connection.execute("UPDATE offsets SET next = 0")
    await watch.start(RULE)
    await watch.pass_time(minutes=8)
    assert await statuses(watch) == ["open"]
    assert len(watch.facts()) == 1


async def test_two_instances_that_look_at_once_open_one_incident(watch: Watch) -> None:
    await beat(watch, 1)
    rule = AbsenceRule.model_validate(
        {"id": "heartbeat", "detector": "absence", "title": "t", "events": ["com.example.request"], "only": ["export"], "every": "5m"}
    )
    database = watch.service.database
    async with database.transaction() as tx:
        await tx.execute("UPDATE reading SET read_to = $1", watch.clock.now + timedelta(hours=1))

    async def look() -> None:
        async with database.transaction() as tx:
            await absences.open_overdue(tx, {rule.id: rule})

    await asyncio.gather(look(), look(), look())
    assert await statuses(watch) == ["open"]
    await watch.loop.settle()
    assert len(watch.said(IncidentOpened)) == 1


async def test_a_person_ends_it_and_it_stays_ended_until_it_was_heard_again(watch: Watch) -> None:
    await watch.pass_time(minutes=7)
    [incident] = await watch.incidents()
    async with watch.agent() as agent:
        answer = await agent.post(f"/v1/incidents/{incident['id']}/dismiss", json={"note": "the job is switched off"})
    assert answer.status_code == 200
    await watch.pass_time(minutes=15)
    await watch.start(RULE.replace("every: 5m", "every: 10m"))
    await watch.pass_time(minutes=15)
    assert await statuses(watch) == ["dismissed"]
    await beat(watch, 1)
    await watch.pass_time(minutes=12)
    assert await statuses(watch) == ["dismissed", "open"]


@pytest.mark.parametrize("rules", ["", RULE.replace("com.example.request", "com.example.beat")], ids=["gone", "other events"])
async def test_a_rule_that_is_gone_or_expects_something_else_withdraws_what_it_opened(rules: str, watch: Watch) -> None:
    await watch.pass_time(minutes=7)
    assert await statuses(watch) == ["open"]
    await watch.start(rules)
    assert await statuses(watch) == ["withdrawn"]
    # and begins anew
    await watch.pass_time(minutes=8)
    assert await statuses(watch) == (["withdrawn", "open"] if rules else ["withdrawn"])


async def standing(watch: Watch) -> list[dict[str, Any]]:
    async with watch.service.database.connection() as connection:
        return [dict(row) for row in await connection.fetch("SELECT * FROM expected")]


async def test_events_out_of_order_and_of_a_wrong_clock_are_heard_when_they_come(watch: Watch) -> None:
    # Given events that say they are of four minutes ago, each later one of before the one before it
    for minute in range(12):
        watch.say(BEAT, at=watch.clock.now - 4 * MINUTE - minute * timedelta(seconds=2))
        await watch.pass_time(minutes=1)
    assert await watch.incidents() == []
    [row] = await standing(watch)
    assert row["heard_at"] - NOON >= 11 * MINUTE
