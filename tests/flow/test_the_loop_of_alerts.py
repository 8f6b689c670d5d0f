"""The loop of an alert in one story: an incident opens, who used the component is told that it may affect them, and of its end."""

import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from services.monitor.fold.keying import key_of
from services.monitor.hearing.events import Folding
from shared.cloudevents import write_event
from shared.events import IncidentImpact, NotificationDelivered, ProductEvent, Topic
from shared.settings import Settings
from tests.builders import customer
from tests.flow.console_model import recounted
from tests.flow.loop_world import World, opened
from tests.flow.monitor_alerts import alert, used

pytestmark = pytest.mark.asyncio

CONFIG = Path(__file__).parents[2] / "deploy/config"
RULE = """\
rules:
  - id: prometheus-says
    detector: alert
    title: "{component} has trouble"
    alerts: {data.labels.env: prod}
    uses: {events: [com.example.request], within: 15m}
"""
USERS = [f"c-{number}" for number in range(12)]


@pytest.fixture
async def world(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[World]:
    shutil.copytree(CONFIG, tmp_path, dirs_exist_ok=True)
    (tmp_path / "rules.yml").write_text(RULE)
    async with opened(fresh_database, tmp_path) as made:
        yield made


async def hear(world: World, *events: ProductEvent) -> None:
    """Publishes product events, and does everything that follows within some seconds."""
    for each in events:
        world.topics.put(Topic.PRODUCT_EVENTS, write_event(each), key=key_of(each).encode())
    await world.loop.settle()
    for stream in (stream for service in world.loop.services for stream in service.streams):
        if isinstance(stream.processor, Folding):  # as the notification of Postgres would
            stream.processor.incidents_changed()
            await stream.tick()
    await world.loop.advance(timedelta(seconds=10))


def words(world: World, told: Iterable[str], kind: str) -> set[str]:
    """Returns all that these customers were told of a kind, without who they are."""
    mails = (mail for recipient, mail in world.office.mails if recipient.partition("@")[0] in told and mail["X-Forewarn-Kind"] == kind)
    return {" ".join(part.get_content().split()) for mail in mails if (part := mail.get_body(("plain",))) is not None}


async def test_who_used_the_component_is_told_once_that_it_may_affect_them_and_of_the_end(world: World) -> None:
    # Given twelve customers who use the checkout, one whom an alert will name, and one who uses the search
    world.topics.say(*(customer(each) for each in [*USERS, "c-named", "c-elsewhere"]))
    await hear(world, *(used(each, number) for number, each in enumerate(USERS[:10])), used("c-elsewhere", 3, "search"))
    assert world.office.mails == []

    # When an alert of the checkout fires, twice since two Alertmanagers say it, and one names a customer
    await hear(world, alert("a1", since=12), alert("a1", since=12), alert("a2", since=13, customer="c-named"))
    # Then who used it is told that it may affect them, the named one that it does, and nobody else anything
    assert world.told("opened") == Counter([*USERS[:10], "c-named"])
    assert all("so it may affect you, too" in said for said in words(world, USERS, "opened"))
    assert all("and it affects you" in said for said in words(world, ["c-named"], "opened"))
    # and so is who uses it while the incident is open; who was told is told no more
    await hear(world, used("c-10", 30), used("c-11", 31), used("c-1", 32), alert("a1", since=12))
    assert world.told("opened") == Counter([*USERS, "c-named"])

    # When the last of the alerts has ended
    await hear(world, alert("a1", since=12, until=40))
    assert world.told("resolved") == Counter()
    await hear(world, alert("a2", since=13, until=45, customer="c-named"))
    # Then each gets the all-clear once
    assert world.told("resolved") == Counter([*USERS, "c-named"])
    facts = [fact.data for fact in world.facts(Topic.INCIDENTS) if isinstance(fact, IncidentImpact)]
    certain = Counter(each.certainty for data in facts for each in data.customers)
    assert certain == {"likely": 12, "confirmed": 1}
    assert len([fact for fact in world.facts(Topic.NOTIFICATIONS) if isinstance(fact, NotificationDelivered)]) == 26

    # And when every topic is read from its beginning once more, nobody hears anything
    before = len(world.office.mails), world.said(Topic.INCIDENTS, Topic.NOTIFICATIONS, Topic.TICKETS)
    await world.replay()
    assert (len(world.office.mails), world.said(Topic.INCIDENTS, Topic.NOTIFICATIONS, Topic.TICKETS)) == before
    assert await recounted(world.database("console")) == []
