"""Nothing is lost or counted twice: a crash at any moment, the same events again, and every topic from its beginning."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from services.monitor.incidents.life import State
from services.monitor.store.series import series_of
from services.monitor.windows.window import Part
from shared.events import Topic
from shared.postgres import Database
from tests.flow.monitor_site import PUBLISHED, SMALL, Site, told

pytestmark = pytest.mark.asyncio


async def undisturbed(site: Site) -> None:
    await site.start()
    site.say(told(SMALL))
    await site.settle()


async def crashing_after_every_checkpoint(site: Site) -> None:
    site.say(told(SMALL))
    await site.crash_before_each(site.turn)


async def crashing_before_every_second_checkpoint(site: Site) -> None:
    async def step() -> None:
        await site.take_without_saving()
        await site.start()
        await site.turn()

    site.say(told(SMALL))
    await site.crash_before_each(step)


async def crashing_between_the_fold_and_the_detecting(site: Site) -> None:
    async def step() -> None:
        await site.events.turn()
        await site.topics.relay(site.database)
        await site.start()
        await site.partials.turn()
        await site.topics.relay(site.database)

    site.say(told(SMALL))
    await site.crash_before_each(step)


@pytest.mark.parametrize(
    "crashing", [crashing_after_every_checkpoint, crashing_before_every_second_checkpoint, crashing_between_the_fold_and_the_detecting]
)
async def test_crashes_between_any_two_checkpoints_change_nothing(
    crashing: Callable[[Site], Awaitable[None]], monitor_database: Database
) -> None:
    calm = Site(monitor_database, at_once=300)
    await undisturbed(calm)
    expected = await calm.tables(), await calm.account()
    await calm.wipe()
    unlucky = Site(monitor_database, at_once=300)
    await crashing(unlucky)
    assert (await unlucky.tables(), await unlucky.account()) == expected
    assert len(unlucky.topics.records(Topic.INCIDENTS)) == len(calm.topics.records(Topic.INCIDENTS))


async def test_the_same_10000_events_three_times_are_counted_once(monitor_database: Database) -> None:
    site = Site(monitor_database)
    events = told(PUBLISHED)[:10_000]
    await site.start()
    site.say(events)
    await site.settle()
    once, account, said = await site.tables(), await site.account(), len(site.topics.records(Topic.INCIDENTS))
    assert said
    for _ in range(2):
        site.say(events)
        await site.settle()
    assert await site.tables() == once
    assert len(site.topics.records(Topic.INCIDENTS)) == said  # so nobody is told again
    again = await site.account()
    assert again["duplicate"] == account["duplicate"] + 2 * account["counted"]
    assert again["unmatched"] == 3 * account["unmatched"]
    assert {**again, "read": 0, "duplicate": 0, "unmatched": 0} == {**account, "read": 0, "duplicate": 0, "unmatched": 0}


@pytest.mark.parametrize("topic", [Topic.PRODUCT_EVENTS, Topic.PARTIALS])
async def test_a_topic_read_from_its_beginning_once_more_changes_nothing(topic: Topic, monitor_database: Database) -> None:
    site = Site(monitor_database, at_once=300)
    await undisturbed(site)
    before, said = await site.tables(), len(site.topics.records(Topic.INCIDENTS))
    await site.replay(topic)
    assert await site.tables() == before
    assert len(site.topics.records(Topic.INCIDENTS)) == said


async def test_a_replay_after_everything_was_forgotten_opens_no_incident_again(monitor_database: Database) -> None:
    site = Site(monitor_database, at_once=300)
    await undisturbed(site)
    incidents, impact, said = await site.incidents(), await site.impact(), len(site.topics.records(Topic.INCIDENTS))
    # Given a fold that remembers none of these events, a day later
    async with monitor_database.connection() as connection:
        await connection.execute("TRUNCATE fold_cells, fold_tallies, fold_components, fold_clocks, fold_seen")
    # When they all come again
    await site.replay(Topic.PRODUCT_EVENTS)
    # Then nobody hears of it
    assert (await site.incidents(), await site.impact()) == (incidents, impact)
    assert len(site.topics.records(Topic.INCIDENTS)) == said


async def test_a_replay_while_an_incident_is_open_neither_ends_it_nor_tells_anybody_twice(monitor_database: Database) -> None:
    site = Site(monitor_database, at_once=300)
    await site.start()
    site.say(told(SMALL, until=20.0))
    await site.settle()
    before, said = await site.tables(), len(site.topics.records(Topic.INCIDENTS))
    assert [incident["status"] for incident in await site.incidents()] == ["open"]
    for topic in (Topic.PRODUCT_EVENTS, Topic.PARTIALS):
        await site.replay(topic)
    assert await site.tables() == before
    assert len(site.topics.records(Topic.INCIDENTS)) == said


async def test_windows_and_states_that_the_version_before_stored_are_read(monitor_database: Database) -> None:
    state = {"judged_to": 100, "settled_to": 90, "incident_id": "i-1", "started_at": 85.0, "calm_since": None, "revision": 3, "said": 7}
    stored = msgspec.msgpack.encode(({100: {0: (10, 2, 1)}}, 100.5, state))
    async with monitor_database.transaction() as tx:
        await tx.execute("INSERT INTO series (rule, component, home, state) VALUES ('failing', 'checkout', 0, $1)", stored)
        [series] = (await series_of(tx, [0], {"failing": "9c1f0a7be2d4"})).values()
    assert series.window.buckets == {100: {0: Part(events=10, bad=2, customers=1, first_bad=0.0)}}
    assert series.state == State(judged_to=100, settled_to=90, incident_id="i-1", grown_to=7)
