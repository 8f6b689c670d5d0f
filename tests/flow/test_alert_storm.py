"""An alert storm: ten thousand alerts within a minute are as many incidents as there are components, and a customer is told of three."""

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from services.monitor.fold.keying import key_of
from services.monitor.hearing.events import Folding
from shared.cloudevents import write_event
from shared.events import IncidentOpened, IncidentUpdated, ProductEvent, Topic
from shared.settings import Settings
from tests.builders import customer
from tests.flow.loop_world import World, opened
from tests.flow.monitor_alerts import alert, used

pytestmark = pytest.mark.asyncio

CONFIG = Path(__file__).parents[2] / "deploy/config"
RULE = """\
rules:
  - id: alerts
    detector: alert
    title: "{component} has trouble"
    uses: {events: [com.example.request], within: 15m}
"""
ALERTS, COMPONENTS, CUSTOMERS = 10_000, 100, 3
MINUTE = 60.0
UPDATES = 5  # of one incident: the storm comes in a few batches
CAP = 3  # of notifications.yml, within an hour
MOST = 512 * 2**20  # bytes that all services together may come to need


def storm() -> Iterator[ProductEvent]:
    """Yields ten thousand alerts of a minute, each of another machine, in turn of every component."""
    for number in range(ALERTS):
        yield alert(f"machine-{number}", since=number * MINUTE / ALERTS, component=f"part-{number % COMPONENTS}")


def memory() -> int:
    """Returns the resident memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def test_ten_thousand_alerts_of_a_minute_are_an_incident_a_component_and_three_mails_a_customer(
    fresh_database: Settings, tmp_path: Path
) -> None:
    shutil.copytree(CONFIG, tmp_path, dirs_exist_ok=True)
    (tmp_path / "rules.yml").write_text(RULE)
    users = [f"c-{number}" for number in range(CUSTOMERS)]
    async with opened(fresh_database, tmp_path) as world:
        # Given customers who use every component
        world.topics.say(*(customer(each) for each in users))
        await hear(world, *(used(each, 0, f"part-{part}") for each in users for part in range(COMPONENTS)))
        before = memory()
        # When ten thousand alerts fire within a minute
        await hear(world, *storm())
        # Then each component has one incident, whose growth is said now and then and not with every alert
        said = Counter(type(fact) for fact in world.facts(Topic.INCIDENTS))
        assert said[IncidentOpened] == COMPONENTS
        assert said[IncidentUpdated] <= UPDATES * COMPONENTS
        # and each customer is told of three of them and no more
        assert world.told("opened") == Counter(dict.fromkeys(users, CAP))
        assert memory() - before < MOST


async def test_with_a_digest_all_of_it_is_told_by_two_mails(fresh_database: Settings, tmp_path: Path) -> None:
    shutil.copytree(CONFIG, tmp_path, dirs_exist_ok=True)
    (tmp_path / "rules.yml").write_text(RULE)
    words = (tmp_path / "notifications.yml").read_text()
    (tmp_path / "notifications.yml").write_text(f"digest: {{within: 20m, most: 50}}\n{words}")
    async with opened(fresh_database, tmp_path) as world:
        # Given a customer who uses every component
        world.topics.say(customer("c-0"))
        await hear(world, *(used("c-0", 0, f"part-{part}") for part in range(COMPONENTS)))
        # When alerts of all of them fire within a minute, and go on
        await hear(world, *islice(storm(), 10 * COMPONENTS))
        for _ in range(5):
            await hear(world, *(alert("machine-0", since=MINUTE, component=f"part-{part}") for part in range(COMPONENTS)))
            await world.loop.advance(timedelta(minutes=4))
        # Then they are told of all of it: of half at once, and of the others once that is twenty minutes ago
        assert len(world.office.to("c-0@example.org")) == 2
        async with world.database("notifier").connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM notifications WHERE status = 'delivered'") == COMPONENTS


async def hear(world: World, *events: ProductEvent) -> None:
    """Publishes product events, and does everything that follows within a minute."""
    for each in events:
        world.topics.put(Topic.PRODUCT_EVENTS, write_event(each), key=key_of(each).encode())
    await world.loop.settle()
    for stream in (stream for service in world.loop.services for stream in service.streams):
        if isinstance(stream.processor, Folding):  # as the notification of Postgres would
            stream.processor.incidents_changed()
            await stream.tick()
    await world.loop.advance(timedelta(seconds=MINUTE))
