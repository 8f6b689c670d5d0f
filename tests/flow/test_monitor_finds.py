"""An outage for 137 of 1,000 customers is one incident with exactly these customers, and an end, whatever the batches and partitions."""

import json
import logging
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from deploy.simulator.faults import Outage
from deploy.simulator.play import Record, encode
from shared.events import IncidentImpact, IncidentOpened, IncidentResolved, IncidentUpdated, Topic
from shared.postgres import Database
from shared.settings import Settings
from tests.builders import NOON
from tests.flow.monitor_site import OVER, PUBLISHED, SMALL, Site, only_events, seconds, told, victims
from tests.flow.monitor_watch import FAILING, RULE, WELL, watching

pytestmark = pytest.mark.asyncio


def first_failure(events: Sequence[Record], since: float) -> float:
    """Returns when the first request to the checkout failed, in seconds into the story."""
    failed = (json.loads(record.value) for record in events if b'"ok":false' in record.value and record.offset >= since)
    return min(seconds(datetime.fromisoformat(event["time"])) for event in failed if event["data"]["component"] == "checkout")


async def test_an_outage_is_one_incident_that_touches_exactly_its_137_victims(monitor_database: Database) -> None:
    # Given a product with 1,000 customers
    site = Site(monitor_database)
    await site.start()
    # When the checkout fails for 137 of them, from 6 to 24 s, and is well again
    await site.live(told(PUBLISHED))
    # Then that is one incident, which began with the outage and ended when it had been calm for 10 s
    [incident] = await site.incidents()
    assert (incident["rule"], incident["component"], incident["status"]) == ("checkout-failing", "checkout", "resolved")
    assert seconds(incident["started_at"]) == first_failure(told(PUBLISHED), since=6)
    assert 24 + 10 <= seconds(incident["resolved_at"]) <= 24 + 15 + 10
    # and exactly these customers are in its impact, each with two failures or more
    impact = await site.impact()
    assert {row["customer_id"] for row in impact} == victims(PUBLISHED)
    assert len(impact) == 137
    assert min(row["count"] for row in impact) >= 2
    # and the others were told so: it opened, whom it touches, each once, it ended
    facts = site.topics.facts(Topic.INCIDENTS)
    assert Counter(type(fact) for fact in facts if not isinstance(fact, IncidentImpact | IncidentUpdated)) == {
        IncidentOpened: 1,
        IncidentResolved: 1,
    }
    said = Counter(customer.customer_id for fact in facts if isinstance(fact, IncidentImpact) for customer in fact.data.customers)
    assert said == Counter(victims(PUBLISHED))
    [resolved] = [fact for fact in facts if isinstance(fact, IncidentResolved)]
    assert resolved.data.affected == 137
    # and every event is accounted for
    account = await site.account()
    assert account["read"] == len(told(PUBLISHED)) == account["counted"] + account["duplicate"] + account["unmatched"] + account["dead"]
    assert (account["duplicate"], account["dead"], account["late"]) == (0, 0, 0)


@pytest.mark.parametrize(("partitions", "at_once"), [(1, 97), (3, 700), (10, 10_000), (4, 1_000_000)])
async def test_other_batches_and_partitions_find_the_same(partitions: int, at_once: int, monitor_database: Database) -> None:
    site = Site(monitor_database, partitions=partitions, at_once=at_once)
    await site.start()
    site.say(told(SMALL))
    await site.settle()
    [incident] = await site.incidents()
    # Who catches up counts a customer in their latest failure only, and so sees the first windows with fewer customers.
    assert 6 <= seconds(incident["started_at"]) <= 8
    assert incident["status"] == "resolved"
    assert {row["customer_id"] for row in await site.impact()} == victims(SMALL)


@pytest.mark.parametrize("seed", range(5))
async def test_events_shuffled_within_two_seconds_find_the_same(seed: int, monitor_database: Database) -> None:
    dice = random.Random(seed)
    site = Site(monitor_database, at_once=100)
    await site.start()
    site.say(sorted(told(SMALL), key=lambda record: record.offset + dice.uniform(0, 2)))
    await site.settle()
    [incident] = await site.incidents()
    assert 6 <= seconds(incident["started_at"]) <= 8
    assert incident["status"] == "resolved"
    assert {row["customer_id"] for row in await site.impact()} == victims(SMALL)


async def test_a_host_whose_clock_is_four_minutes_ahead_changes_nothing(monitor_database: Database) -> None:
    site = Site(monitor_database)
    await site.start()
    ahead = encode(SMALL.messages(until=OVER), NOON.timestamp() + 240)
    await site.live(
        wrong if number % 10 == 0 else right for number, (right, wrong) in enumerate(zip(told(SMALL), only_events(ahead), strict=True))
    )
    [incident] = await site.incidents()
    assert 6 <= seconds(incident["started_at"]) <= 8
    assert 24 + 10 <= seconds(incident["resolved_at"]) <= 24 + 15 + 10 + 1
    assert {row["customer_id"] for row in await site.impact()} == victims(SMALL)


async def test_late_events_neither_end_an_incident_nor_open_it_again(monitor_database: Database) -> None:
    site = Site(monitor_database)
    await site.start()
    # Given that one event in twenty comes 3 to 90 s late: from before the outage while it lasts, and from the outage when it is over
    dice = random.Random(7)
    story = replace(SMALL, faults=(Outage("checkout", customers=27, start=40.0, end=58.0),))
    come = [
        record._replace(offset=record.offset + dice.uniform(3, 90)) if dice.random() < 0.05 else record for record in told(story, 150.0)
    ]
    # When the story is told
    await site.live(sorted(come, key=lambda record: record.offset))
    # Then it is the same story
    [incident] = await site.incidents()
    assert 40 <= seconds(incident["started_at"]) <= 42
    assert 58 + 10 <= seconds(incident["resolved_at"]) <= 58 + 15 + 20
    assert {row["customer_id"] for row in await site.impact()} >= victims(story)
    facts = [type(fact) for fact in site.topics.facts(Topic.INCIDENTS)]
    assert (facts.count(IncidentOpened), facts.count(IncidentResolved)) == (1, 1)
    assert (await site.account())["late"] == 0


async def test_failures_of_requests_that_hang_come_late_and_are_found(monitor_database: Database) -> None:
    site = Site(monitor_database)
    await site.start()
    # Given requests that fail after a timeout of 20 s, with the time at which they began
    story = replace(SMALL, faults=(Outage("checkout", customers=27, start=20.0, end=60.0),))
    come = [record._replace(offset=record.offset + 20) if b'"ok":false' in record.value else record for record in told(story, 120.0)]
    # When the story is told
    await site.live(sorted(come, key=lambda record: record.offset))
    # Then the outage is one incident
    [incident] = await site.incidents()
    assert (seconds(incident["started_at"]), incident["status"]) == (first_failure(told(story, 120.0), since=20), "resolved")
    assert {row["customer_id"] for row in await site.impact()} == victims(story)


async def test_an_incident_started_with_its_first_bad_event_and_not_at_a_buckets_edge(fresh_database: Settings, tmp_path: Path) -> None:
    # Given a rule whose window of an hour is cut into buckets of four minutes, one of which begins at noon
    async with watching(fresh_database, tmp_path) as watch:
        await watch.start(RULE.replace("window: 15s", "window: 1h").replace("    bad:", "    symptom: slow\n    bad:"))
        # When the trouble begins a hundred seconds later
        await watch.pass_time(seconds=100)
        await watch.live(5, FAILING)
        # Then it started with the first bad event
        [opened] = watch.said(IncidentOpened)
        assert opened.data.started_at == NOON + timedelta(seconds=100.5)
        assert [incident["started_at"] for incident in await watch.incidents()] == [opened.data.started_at]
        # and what the rule detects is said with it
        assert opened.data.symptom == "slow"


async def test_each_opening_growth_and_end_is_one_line_of_log(
    fresh_database: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "services.monitor.acts.changing")
    async with watching(fresh_database, tmp_path) as watch:
        await watch.live(10, FAILING._replace(requests=15))
        await watch.live(10, FAILING._replace(requests=40))
        await watch.live(30, WELL)
    opened, grew, ended = (
        record.getMessage().partition(": ") for record in caplog.records if record.name == "services.monitor.acts.changing"
    )
    assert opened[0].endswith(" opened")
    assert grew[2].startswith("it grew: failing of checkout")
    assert ended[0].endswith(" resolved")
    assert ended[2] == "failing of checkout, events show it, 40 customers"
