"""Old trouble is not told as new: each fact about an incident says how far behind monitor reads, and until when it failed."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.monitor.timers import EVERY, SOON
from shared.events import IncidentOpened, IncidentResolved, IncidentUpdated
from shared.settings import Settings
from tests.builders import NOON
from tests.flow.monitor_watch import FAILING, SEARCH, WELL, Traffic, Watch, revisions, watching

pytestmark = pytest.mark.asyncio

PROBE = 4 * SOON  # to see all there was folded, published and judged


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    async with watching(fresh_database, tmp_path, partitions=1) as made:  # a fake consumer reads one partition after another
        yield made


def say_for(watch: Watch, seconds: int, traffic: Traffic, since: datetime) -> datetime:
    """Publishes events for so long, while nobody reads; returns the moment after them."""
    for second in range(seconds):
        watch.say(traffic, at=since + timedelta(seconds=second + 0.5))
    return since + timedelta(seconds=seconds)


async def test_an_incident_that_is_found_as_it_happens_is_not_behind(watch: Watch) -> None:
    await watch.live(20, FAILING)
    [opened] = watch.said(IncidentOpened)
    assert opened.data.behind_seconds <= 1
    assert opened.data.failing_at is not None
    assert opened.data.started_at == NOON + timedelta(seconds=0.5)
    assert opened.data.started_at < opened.data.failing_at <= NOON + timedelta(seconds=4)


async def test_trouble_of_three_hours_ago_is_said_to_be_so(watch: Watch) -> None:
    # Given an outage of three hours ago, which nobody has read of
    say_for(watch, 20, FAILING, since=NOON - timedelta(hours=3))
    # When monitor reads it
    await watch.loop.settle()
    # Then it says so: it has read no further than that, and that is until when it failed
    [opened] = watch.said(IncidentOpened)
    assert timedelta(hours=2, minutes=59) < timedelta(seconds=opened.data.behind_seconds) <= timedelta(hours=3)
    facts = watch.facts()
    assert max(fact.data.failing_at for fact in watch.said(IncidentUpdated) + watch.said(IncidentOpened) if fact.data.failing_at) <= (
        NOON - timedelta(hours=3) + timedelta(seconds=20)
    )
    # and by the end, should that be in what it reads, too
    since = say_for(watch, 40, WELL, since=NOON - timedelta(hours=3) + timedelta(seconds=20))
    await watch.loop.settle()
    [resolved] = watch.said(IncidentResolved)
    assert resolved.data.behind_seconds == pytest.approx((NOON - since).total_seconds(), abs=1)
    assert resolved.data.failing_at is not None
    assert revisions(watch.facts()) == list(range(len(facts) + 1))


async def test_monitor_has_caught_up_when_it_has_read_all_there_is_though_nothing_new_comes(watch: Watch) -> None:
    # Given an outage of three minutes ago, read of only now, after which the product says nothing
    say_for(watch, 20, FAILING, since=NOON - timedelta(minutes=3))
    await watch.loop.settle()
    assert watch.said(IncidentOpened)[0].data.behind_seconds > 60
    # When it has been seen that there is nothing left to read
    await watch.pass_time(seconds=59)
    # Then monitor says once that it has caught up, and no younger trouble than there was
    [caught_up] = [fact for fact in watch.said(IncidentUpdated) if fact.data.behind_seconds <= 60]
    assert caught_up.data.failing_at is not None
    assert NOON - timedelta(minutes=3) < caught_up.data.failing_at <= NOON - timedelta(minutes=2, seconds=40)
    assert revisions(watch.facts()) == list(range(len(watch.facts())))


async def test_monitor_says_when_it_has_caught_up_with_an_incident_that_it_opened_while_behind(watch: Watch) -> None:
    # Given an outage that began ten minutes ago and still lasts, while monitor was away
    watch.consumers[0].stream.at_once = 2000
    say_for(watch, 600, FAILING, since=NOON - timedelta(minutes=10))
    # When monitor reads it all
    await watch.loop.settle()
    # Then it opened the incident while behind, and said once that it had caught up, in time for what is so now
    [opened] = watch.said(IncidentOpened)
    assert opened.data.behind_seconds > 60
    caught_up = [fact for fact in watch.said(IncidentUpdated) if fact.data.behind_seconds <= 60]
    assert len(caught_up) == 1
    assert caught_up[0].data.failing_at is not None
    assert caught_up[0].data.failing_at > NOON - timedelta(minutes=1)
    # and each fact has the next revision, which the row has too
    assert revisions(watch.facts()) == list(range(len(watch.facts())))
    [incident] = await watch.incidents()
    assert incident["revision"] == len(watch.facts()) - 1


async def test_what_still_fails_says_so_every_five_minutes(watch: Watch) -> None:
    for _ in range(60):  # every ten seconds all that comes in ten seconds
        watch.say(Traffic("checkout", ok=False, requests=60), at=watch.clock.now + timedelta(seconds=9.5))
        await watch.pass_time(seconds=10)
    [opened], [updated] = watch.said(IncidentOpened), watch.said(IncidentUpdated)
    assert opened.data.failing_at is not None
    assert updated.data.failing_at is not None
    assert 300 <= (updated.data.failing_at - opened.data.failing_at).total_seconds() <= 310


async def test_a_backlog_is_not_told_window_by_window(watch: Watch) -> None:
    since = say_for(watch, 1800, Traffic("checkout", ok=False, requests=12), since=NOON - timedelta(minutes=31))
    assert since < NOON
    watch.consumers[0].stream.at_once = 100_000
    await watch.loop.settle()
    assert len(watch.said(IncidentOpened)) == 1
    assert len(watch.said(IncidentUpdated)) <= 2


async def test_how_far_a_monitor_that_is_not_behind_reads_is_known_to_a_look_and_a_probe(watch: Watch) -> None:
    await watch.live(40, SEARCH)
    behind = list[timedelta]()
    for _ in range(40):
        await watch.live(1, SEARCH)
        async with watch.service.database.connection() as connection:
            behind.append(watch.clock.now - await connection.fetchval("SELECT read_to FROM reading"))
    assert min(behind) <= PROBE
    assert max(behind) <= EVERY + PROBE + SOON
