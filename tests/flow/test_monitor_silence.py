"""Silence is not calm: an incident ends when events show it, and is marked silent when its component says nothing any more."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.monitor import metrics
from services.monitor.timers import measure
from shared.events import IncidentResolved, IncidentUpdated
from shared.settings import Settings
from tests.builders import NOON
from tests.figures import value
from tests.flow.monitor_watch import FAILING, RULE, SEARCH, WELL, Traffic, Watch, revisions, watching

pytestmark = pytest.mark.asyncio

ONE_GOOD_CHECK = Traffic("checkout", requests=1)


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    async with watching(fresh_database, tmp_path) as made:
        yield made


async def status(watch: Watch) -> str:
    [incident] = await watch.incidents()
    return str(incident["status"])


@pytest.mark.parametrize("rest", [(SEARCH,), (SEARCH, ONE_GOOD_CHECK)], ids=["nothing", "one good check a second"])
async def test_silence_is_not_calm(rest: tuple[Traffic, ...], watch: Watch) -> None:
    # Given a checkout that fails for twenty customers
    await watch.live(20, FAILING, SEARCH)
    assert await status(watch) == "open"
    # When it then says nothing, or next to nothing, while the rest of the product goes on
    await watch.live(60, *rest)
    # Then nobody is told that it works again
    assert await status(watch) == "open"
    assert watch.said(IncidentResolved) == []


async def test_an_end_needs_enough_good_events_for_as_long_as_the_rule_wants(watch: Watch) -> None:
    await watch.live(10, FAILING)
    await watch.live(17, ONE_GOOD_CHECK)
    await watch.live(20, WELL)
    [resolved] = watch.said(IncidentResolved)
    # In the 29th second there are 50 events in the window; ten seconds later it has been calm
    assert resolved.data.resolved_at == NOON + timedelta(seconds=28 + 10)


async def test_an_incident_that_hears_nothing_is_marked_silent_and_stays_open_until_evidence_comes(watch: Watch) -> None:
    # Given an outage after which the component says nothing, while others speak
    await watch.live(20, FAILING, SEARCH)
    last_event = watch.clock.now - timedelta(seconds=0.5)
    for _ in range(14):
        await watch.live(1, SEARCH)
        await watch.pass_time(seconds=59)
    # Then it is not silent for a quarter of an hour
    assert [fact for fact in watch.said(IncidentUpdated) if fact.data.silent_since] == []
    # but after that, and says so once
    for _ in range(4):
        await watch.live(1, SEARCH)
        await watch.pass_time(seconds=59)
    [incident] = await watch.incidents()
    assert (incident["status"], incident["silent_since"]) == ("open", last_event)
    [silent] = [fact for fact in watch.said(IncidentUpdated) if fact.data.silent_since]
    assert silent.data.silent_since == last_event
    assert silent.data.behind_seconds < 60
    await measure(watch.service.database)
    assert (value(metrics.INCIDENTS_OPEN), value(metrics.INCIDENTS_SILENT)) == (1, 1)
    # When it speaks again, it is silent no longer, and ends by what it says
    await watch.live(1, WELL)
    [incident] = await watch.incidents()
    assert (incident["status"], incident["silent_since"]) == ("open", None)
    assert watch.said(IncidentUpdated)[-1].data.silent_since is None
    await watch.live(30, WELL)
    assert await status(watch) == "resolved"
    assert revisions(watch.facts()) == list(range(len(watch.facts())))


async def test_silence_is_noticed_when_nothing_in_the_product_speaks_any_more(watch: Watch) -> None:
    await watch.live(20, FAILING)
    await watch.pass_time(minutes=14)
    assert (await watch.incidents())[0]["silent_since"] is None
    await watch.pass_time(minutes=3)
    [incident] = await watch.incidents()
    assert incident["silent_since"] is not None
    assert incident["status"] == "open"


async def test_a_rule_says_how_long_silence_may_last(watch: Watch) -> None:
    await watch.start(RULE.replace("silent: 15m", "silent: 2m"))
    await watch.live(20, FAILING)
    await watch.pass_time(minutes=4)
    assert (await watch.incidents())[0]["silent_since"] is not None


@pytest.mark.parametrize("stuck", [0, 1], ids=["product events", "partials"])
async def test_a_monitor_that_is_behind_takes_nothing_for_silence(stuck: int, watch: Watch) -> None:
    # Given an incident, and a stream that is read no further
    await watch.live(20, FAILING)
    consumer = watch.consumers[stuck]
    await consumer.revoke()
    # When its component goes on speaking for longer than silence may last
    for _ in range(20):
        await watch.live(1, FAILING)
        await watch.pass_time(seconds=59)
    assert (await watch.incidents())[0]["silent_since"] is None
    # and monitor then reads on
    await consumer.assign()
    await watch.pass_time(minutes=1)
    # Then it was never silent
    assert (await watch.incidents())[0]["silent_since"] is None
    assert [fact for fact in watch.said(IncidentUpdated) if fact.data.silent_since] == []


async def test_metrics_of_open_incidents_are_right_after_a_restart(watch: Watch) -> None:
    await watch.live(20, FAILING)
    for gauge in (metrics.INCIDENTS_OPEN, metrics.INCIDENTS_SILENT, metrics.CUSTOMERS_IN_TROUBLE):
        gauge.set(0)
    await watch.start()
    await measure(watch.service.database)
    assert (value(metrics.INCIDENTS_OPEN), value(metrics.INCIDENTS_SILENT)) == (1, 0)
    assert value(metrics.CUSTOMERS_IN_TROUBLE) == 20
    assert [incident["affected"] for incident in await watch.incidents()] == [20]
