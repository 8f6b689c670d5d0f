"""Alerts of other systems open and end incidents, whatever comes twice, late, or the wrong way round."""

from collections.abc import Awaitable, Callable

import pytest

from services.monitor.acts import changing
from services.monitor.acts.changing import End
from services.monitor.incidents.life import Status
from shared.events import IncidentDismissed, IncidentImpact, IncidentOpened, IncidentResolved, IncidentUpdated, ProductEvent, Topic
from shared.postgres import Database
from tests.builders import NOON
from tests.flow.monitor_alerts import USES, alert, alert_rules, put, used
from tests.flow.monitor_site import Site, seconds

pytestmark = pytest.mark.asyncio


async def said(site: Site, *events: ProductEvent) -> None:
    """Publishes events, and has everything done that follows."""
    put(site.topics, events)
    await site.settle()


async def started(database: Database, **rule: object) -> Site:
    site = Site(database, rules=alert_rules(**rule))
    await site.start()
    return site


async def stand(site: Site) -> list[tuple[str, float, float | None]]:
    """Returns how the incidents stand: status, start and end in seconds into the story."""
    rows = await site.rows("SELECT status, started_at, ended_at FROM incidents ORDER BY started_at")
    return [(row["status"], seconds(row["started_at"]), seconds(row["ended_at"]) if row["ended_at"] else None) for row in rows]


async def test_an_alert_opens_an_incident_and_its_end_resolves_it(monitor_database: Database) -> None:
    site = await started(monitor_database, severity="critical")
    await said(site, alert(since=3))
    assert await stand(site) == [("open", 3, None)]
    await said(site, alert(since=3, until=90))
    assert await stand(site) == [("resolved", 3, 90)]
    facts = site.topics.facts(Topic.INCIDENTS)
    assert [type(fact) for fact in facts] == [IncidentOpened, IncidentResolved]
    opened = facts[0]
    assert isinstance(opened, IncidentOpened)
    assert (opened.data.component, opened.data.severity, opened.data.symptom) == ("checkout", "critical", "trouble")
    assert opened.data.title == "checkout has trouble"
    assert opened.data.why["alerts"] == [
        {
            "name": "HighErrorRate",
            "since": "2026-11-24T12:00:03+00:00",
            "severity": "critical",
            "summary": "5 % of requests fail",
            "url": "https://prometheus.example.org/graph",
        }
    ]
    account = await site.account()
    assert (account["read"], account["counted"], account["duplicate"], account["unmatched"]) == (2, 2, 0, 0)


async def test_both_of_a_highly_available_pair_and_groups_said_again_are_one_incident(monitor_database: Database) -> None:
    site = await started(monitor_database)
    for _ in range(3):  # the group is said again whenever one of it changes
        await said(site, alert("a1"), alert("a1"), alert("a2", since=5))
    assert await stand(site) == [("open", 0, None)]
    await said(site, alert("a1", until=50), alert("a2", since=5))
    assert await stand(site) == [("open", 0, None)]
    await said(site, alert("a2", since=5, until=60), alert("a1", until=50), alert("a2", since=5, until=60))
    assert await stand(site) == [("resolved", 0, 60)]
    facts = site.topics.facts(Topic.INCIDENTS)
    assert [type(fact) for fact in facts] == [IncidentOpened, IncidentUpdated, IncidentUpdated, IncidentResolved]
    assert [fact.data.why["firing"] for fact in facts if isinstance(fact, IncidentUpdated)] == [2, 1]


async def test_an_end_that_comes_before_its_beginning_counts(monitor_database: Database) -> None:
    site = await started(monitor_database)
    await said(site, alert(until=50))
    await said(site, alert())
    assert await stand(site) == []
    # but one that begins later is another
    await said(site, alert(since=51))
    assert await stand(site) == [("open", 51, None)]


async def test_an_alert_that_began_before_monitor_came_back_opens_when_it_is_said_again(monitor_database: Database) -> None:
    site = await started(monitor_database, uses=USES)
    # Given events of an hour later, which make events of the first alert's time late
    await said(site, *(used("c-1", at) for at in range(3600, 3700, 10)), alert("other", component="search", since=3700))
    await said(site, alert(since=10))
    assert await stand(site) == [("open", 10, None), ("open", 3700, None)]


async def test_alerts_of_two_components_and_of_other_names_are_kept_apart(monitor_database: Database) -> None:
    site = await started(monitor_database, alerts={"data.name": ["HighErrorRate", "Down"], "data.labels.env": "prod"}, only=["checkout"])
    await said(
        site,
        alert("1", name="Watchdog"),
        alert("2", labels={"env": "test"}),
        alert("3", component="search"),
        alert("4", status="pending"),
        alert("5", starts_at="yesterday"),
        alert("6", starts_at="1970-01-01T00:00:00Z"),
    )
    assert await stand(site) == []
    assert (await site.account())["unmatched"] == 6
    await said(site, alert("7", name="Down", since=4))
    assert await stand(site) == [("open", 4, None)]


async def test_what_a_person_dismissed_while_it_fired_opens_no_other_until_an_alert_begins_anew(monitor_database: Database) -> None:
    site = await started(monitor_database)
    await said(site, alert())
    [incident] = await site.incidents()
    async with monitor_database.transaction() as tx:
        at = await tx.fetchval("SELECT clock()")
        await changing.end(tx, incident["id"], End(Status.DISMISSED, at, "by ada", by="ada"), at)
    await said(site, alert(), alert("a2", since=5))
    assert [status for status, *_ in await stand(site)] == ["dismissed"]
    later = (at - NOON).total_seconds() + 1
    await said(site, alert("a3", since=later))
    assert [status for status, *_ in await stand(site)] == ["dismissed", "open"]
    await said(site, alert("a3", since=later, until=later + 5))
    assert [status for status, *_ in await stand(site)] == ["dismissed", "resolved"]
    assert [type(fact) for fact in site.topics.facts(Topic.INCIDENTS)].count(IncidentDismissed) == 1


STORY = (
    used("c-1", 1),
    used("c-2", 2),
    alert("a1", since=3),
    alert("a2", since=4, customer="c-9"),
    alert("a1", since=3),
    used("c-3", 5),
    alert("a1", since=3, until=20),
    alert("a2", since=4, until=30, customer="c-9"),
    alert("b", since=6, component="search"),
    used("c-4", 31),
    alert("a1", since=40),
)


async def undisturbed(site: Site) -> None:
    for each in STORY:
        put(site.topics, [each])
        await site.settle()


async def in_one_batch(site: Site) -> None:
    await said(site, *STORY)


async def crashing_after_every_checkpoint(site: Site) -> None:
    put(site.topics, STORY)
    await site.crash_before_each(site.turn)


async def crashing_before_every_second_checkpoint(site: Site) -> None:
    async def step() -> None:
        await site.take_without_saving()
        await site.start()
        await site.turn()

    put(site.topics, STORY)
    await site.crash_before_each(step)


async def crashing_between_the_fold_and_the_detecting(site: Site) -> None:
    async def step() -> None:
        await site.events.turn()
        await site.topics.relay(site.database)
        await site.start()
        await site.partials.turn()
        await site.topics.relay(site.database)

    put(site.topics, STORY)
    await site.crash_before_each(step)


@pytest.mark.parametrize(
    "living",
    [
        undisturbed,
        in_one_batch,
        crashing_after_every_checkpoint,
        crashing_before_every_second_checkpoint,
        crashing_between_the_fold_and_the_detecting,
    ],
)
async def test_crashes_between_any_two_steps_change_nothing_nor_do_replays(
    living: Callable[[Site], Awaitable[None]], monitor_database: Database
) -> None:
    site = Site(monitor_database, partitions=1, at_once=1 if living is not in_one_batch else 1000, rules=alert_rules(uses=USES))
    await site.start()
    await living(site)
    assert await stand(site) == [("resolved", 3, 30), ("open", 6, None), ("open", 40, None)]
    incident = {row["component"] + str(int(seconds(row["started_at"]))): row["id"] for row in await site.incidents()}
    impact = {(row["incident_id"], row["customer_id"]): row["certainty"] for row in await site.impact()}
    assert impact == {
        **{(incident["checkout3"], customer): "likely" for customer in ("c-1", "c-2", "c-3")},
        (incident["checkout3"], "c-9"): "confirmed",
        **{(incident["checkout40"], customer): "likely" for customer in ("c-1", "c-2", "c-3", "c-4")},
    }
    before, facts = await site.tables(), len(site.topics.records(Topic.INCIDENTS))
    for topic in (Topic.PRODUCT_EVENTS, Topic.PARTIALS):
        await site.replay(topic)
    assert await site.tables() == before
    assert len(site.topics.records(Topic.INCIDENTS)) == facts


@pytest.mark.parametrize("at_once", [1, 1000])
async def test_a_replay_after_everything_was_forgotten_opens_no_incident_again(at_once: int, monitor_database: Database) -> None:
    site = Site(monitor_database, partitions=1, at_once=at_once, rules=alert_rules(uses=USES))
    await site.start()
    await undisturbed(site)
    incidents, facts = await site.incidents(), len(site.topics.records(Topic.INCIDENTS))
    async with monitor_database.connection() as connection:
        await connection.execute("TRUNCATE fold_cells, fold_tallies, fold_components, fold_clocks, fold_seen")
        await connection.execute("DELETE FROM series")
    await site.replay(Topic.PRODUCT_EVENTS)
    assert await site.incidents() == incidents
    assert len(site.topics.records(Topic.INCIDENTS)) == facts


async def test_likely_customers_used_it_shortly_before_or_while_it_is_open(monitor_database: Database) -> None:
    site = await started(monitor_database, uses={**USES, "within": "1m"})
    await said(site, used("long-before", 0), used("elsewhere", 100, "search"), used("before", 99), used("named", 100))
    await said(site, alert(since=120, customer="named"))
    await said(site, used("while", 130), used("before", 131))
    await said(site, alert(since=120, until=140, customer="named"))
    await said(site, used("after", 150))
    impact = {row["customer_id"]: row["certainty"] for row in await site.impact()}
    assert impact == {"named": "confirmed", "before": "likely", "while": "likely"}
    told = [fact.data for fact in site.topics.facts(Topic.INCIDENTS) if isinstance(fact, IncidentImpact)]
    assert sorted((each.customer_id, each.certainty) for data in told for each in data.customers) == sorted(impact.items())
    [resolved] = [fact for fact in site.topics.facts(Topic.INCIDENTS) if isinstance(fact, IncidentResolved)]
    assert resolved.data.affected == 3
    assert await site.rows("SELECT affected, likely FROM incidents") == [{"affected": 3, "likely": 2}]
    assert await site.rows("SELECT rule, component FROM series") == [{"rule": "alerts", "component": "checkout"}]  # uses are not judged


async def test_a_likely_customer_whom_a_later_alert_names_is_confirmed_and_told_as_such(monitor_database: Database) -> None:
    site = await started(monitor_database, uses=USES)
    await said(site, used("c-1", 1), alert("a1", since=3))
    assert [row["certainty"] for row in await site.impact()] == ["likely"]
    assert await site.rows("SELECT affected, likely FROM incidents") == [{"affected": 1, "likely": 1}]
    await said(site, alert("a2", since=5, customer="c-1"))
    await said(site, used("c-1", 9))
    assert [(row["certainty"], seconds(row["first_seen_at"])) for row in await site.impact()] == [("confirmed", 5)]
    told = [fact for fact in site.topics.facts(Topic.INCIDENTS) if isinstance(fact, IncidentImpact)]
    assert [each.certainty for fact in told for each in fact.data.customers] == ["likely", "confirmed"]
    assert len({fact.id for fact in told}) == 2
    assert await site.rows("SELECT affected, likely FROM incidents") == [{"affected": 1, "likely": 0}]
