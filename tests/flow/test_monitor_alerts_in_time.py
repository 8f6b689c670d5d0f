"""What time, people and other rules do to an incident of alerts: it falls silent and speaks again, is dismissed, withdrawn, found late."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.monitor.hearing.events import Folding
from shared.cloudevents import write_fact
from shared.events import CustomerErased, IncidentOpened, IncidentUpdated, IncidentWithdrawn, ProductEvent, Topic
from shared.postgres import Database
from shared.settings import Settings
from tests.builders import NOON
from tests.flow.monitor_alerts import alert, alert_rules, put, used
from tests.flow.monitor_site import Site
from tests.flow.monitor_watch import Watch, watching

pytestmark = pytest.mark.asyncio

RULE = """\
  - id: alerts
    detector: alert
    title: "{component} has trouble"
    alerts: {data.labels.env: prod}
"""


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    async with watching(fresh_database, tmp_path) as made:
        await made.start(RULE)
        yield made


async def hear(watch: Watch, *events: ProductEvent) -> None:
    put(watch.topics, events)
    await watch.loop.settle()


async def statuses(watch: Watch) -> list[str]:
    return [incident["status"] for incident in await watch.incidents()]


async def test_an_incident_whose_alerts_are_not_said_again_falls_silent_stays_open_and_speaks_again(watch: Watch) -> None:
    await watch.start(RULE + "    resolve: {silent: 30m}\n")
    await hear(watch, alert())
    await watch.pass_time(minutes=29)
    assert [incident["silent_since"] for incident in await watch.incidents()] == [None]
    await watch.pass_time(minutes=2)
    assert [(each["status"], each["silent_since"]) for each in await watch.incidents()] == [("open", NOON)]
    await hear(watch, alert())
    [incident] = await watch.incidents()
    assert (incident["status"], incident["silent_since"]) == ("open", None)
    updates = watch.said(IncidentUpdated)
    assert [fact.data.silent_since for fact in updates] == [NOON, None]
    assert [fact.data.why["firing"] for fact in updates] == [1, 1]
    assert updates[-1].data.failing_at == watch.clock.now  # it fires still
    await hear(watch, alert(until=1_800))
    assert await statuses(watch) == ["resolved"]


async def test_an_alert_that_is_said_again_says_that_it_still_fires_but_not_each_time(watch: Watch) -> None:
    await hear(watch, alert())
    for _ in range(10):
        await watch.pass_time(minutes=1)
        await hear(watch, alert(), alert())
    assert [fact.data.failing_at for fact in watch.said(IncidentUpdated)] == [NOON + timedelta(minutes=5), NOON + timedelta(minutes=10)]


async def test_a_false_alarm_that_goes_on_firing_opens_nothing(watch: Watch) -> None:
    await hear(watch, alert())
    [incident] = await watch.incidents()
    await watch.pass_time(minutes=1)
    async with watch.agent() as agent:
        assert (await agent.post(f"/v1/incidents/{incident['id']}/dismiss")).json()["status"] == "dismissed"
    await hear(watch, alert(), alert("a2", since=30))
    assert await statuses(watch) == ["dismissed"]
    await hear(watch, alert(until=90), alert("a3", since=61))
    assert await statuses(watch) == ["dismissed", "open"]


async def test_a_false_alarm_stays_one_when_what_was_known_of_its_alerts_is_lost(watch: Watch) -> None:
    await hear(watch, alert())
    [incident] = await watch.incidents()
    await watch.pass_time(minutes=1)
    async with watch.agent() as agent:
        await agent.post(f"/v1/incidents/{incident['id']}/dismiss")
    async with watch.service.database.connection() as connection:
        await connection.execute("DELETE FROM series")
    await watch.start(RULE)
    await hear(watch, alert(), alert("a2", since=30))
    assert await statuses(watch) == ["dismissed"]
    # and one that begins later is found, although the first fires still
    await hear(watch, alert("a3", since=61))
    assert await statuses(watch) == ["dismissed", "open"]


async def test_a_rule_that_looks_at_other_alerts_withdraws_its_incident_and_finds_what_fires_still(watch: Watch) -> None:
    await hear(watch, alert())
    await watch.start(RULE.replace("env: prod", "env: prod, data.name: HighErrorRate"))
    assert await statuses(watch) == ["withdrawn"]
    assert [fact.data.reason for fact in watch.said(IncidentWithdrawn)] == ["rule_changed"]
    await watch.pass_time(seconds=5)
    await hear(watch, alert())
    assert await statuses(watch) == ["withdrawn", "open"]


async def test_a_rule_that_touches_others_or_is_called_otherwise_keeps_its_incident(watch: Watch) -> None:
    await hear(watch, alert())
    await watch.start(RULE + "    severity: low\n    uses: {events: [com.example.request]}\n")
    assert await statuses(watch) == ["open"]
    await hear(watch, used("c-1", 1))
    await hear(watch, alert(until=60))
    assert await statuses(watch) == ["resolved"]


async def test_an_alert_that_was_written_long_ago_is_found_behind(monitor_database: Database) -> None:
    site = Site(monitor_database, partitions=1, rules=alert_rules())
    await site.start()
    put(site.topics, [alert()])
    log = site.topics.logs(Topic.PRODUCT_EVENTS)[0]
    hours_ago = datetime.now(UTC) - timedelta(hours=2)
    log.records[0] = replace(log.records[0], timestamp=int(hours_ago.timestamp() * 1000))
    await site.settle()
    [opened] = [fact for fact in site.topics.facts(Topic.INCIDENTS) if isinstance(fact, IncidentOpened)]
    assert 7190 < opened.data.behind_seconds < 7300
    assert opened.data.failing_at is not None
    assert abs(opened.data.failing_at - hours_ago) < timedelta(seconds=1)
    # and when it is said again, monitor has caught up
    put(site.topics, [alert()])
    await site.settle()
    [caught_up] = [fact for fact in site.topics.facts(Topic.INCIDENTS) if isinstance(fact, IncidentUpdated)]
    assert caught_up.data.behind_seconds < 60


async def test_who_was_erased_is_touched_by_no_later_incident_and_stands_in_no_row(watch: Watch) -> None:
    # Given customers who use the checkout, one of whom an alert of the search has named
    await watch.start(RULE + "    uses: {events: [com.example.request]}\n")
    await hear(watch, used("c-1", 1), used("c-2", 2), alert("s", component="search", customer="c-1"))
    await checkpoint(watch)
    assert await touched(watch) == {("search", "c-1", "confirmed")}
    # When that one is erased, and then an alert of the checkout fires
    erased = CustomerErased.of(CustomerErased.Data(), subject="c-1", at=NOON + timedelta(seconds=10))
    watch.topics.put(Topic.CUSTOMERS, write_fact(erased), key=b"c-1")
    await watch.pass_time(seconds=20)
    await checkpoint(watch)
    await hear(watch, alert(since=11))
    await checkpoint(watch)
    # Then it touches the other alone
    assert await touched(watch) == {("checkout", "c-2", "likely")}
    async with watch.service.database.connection() as connection:
        stored = await connection.fetch("SELECT rows FROM fold_tallies UNION ALL SELECT state FROM series")
    assert [row for (row,) in stored if b"c-1" in row] == []


async def checkpoint(watch: Watch) -> None:
    """Has a checkpoint made, as the wake-up does in the running service."""
    stream = watch.consumers[0].stream
    assert isinstance(stream.processor, Folding)
    stream.processor.incidents_changed()
    await stream.tick()
    await watch.loop.settle()


async def touched(watch: Watch) -> set[tuple[str, str, str]]:
    async with watch.service.database.connection() as connection:
        found = await connection.fetch("SELECT component, customer_id, certainty FROM impact JOIN incidents ON id = incident_id")
    return {tuple(row) for row in found}
