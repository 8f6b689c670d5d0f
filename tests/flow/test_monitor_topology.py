"""A component that hangs on another, by catalog.yml, has no incident of its own while that one has: one cause, one incident."""

from datetime import timedelta
from pathlib import Path

import pytest

from shared.events import IncidentOpened
from shared.postgres import Database
from shared.settings import Settings
from tests.builders import NOON
from tests.flow.monitor_alerts import alert, alert_rules, put
from tests.flow.monitor_site import Site
from tests.flow.monitor_watch import FAILING, Traffic, watching

pytestmark = pytest.mark.asyncio

CATALOG = "components:\n  database: {name: Database}\n  checkout: {name: Checkout, parents: [database]}\n"
DATABASE_FAILS = Traffic("database", ok=False)
PERIOD = """INSERT INTO maintenance (id, title, text, components, audience, first_starts_at, first_ends_at, zone, status,
    starts_at, ends_at, by, created_at) VALUES ('m-1', 't', '', '{}', '{}', $1, $2, 'UTC', 'running', $1, $2, 'ada', $1)"""
KEPT = "INSERT INTO maintenance_periods (maintenance_id, starts_at, ends_at, components) VALUES ('m-1', $1, $2, '{}')"


async def test_what_hangs_on_it_opens_no_incident_before_it_has_ended(fresh_database: Settings, tmp_path: Path) -> None:
    async with watching(fresh_database, tmp_path) as watch:
        watch.catalog = CATALOG
        await watch.start()
        # When the database fails, and the checkout with it
        await watch.live(4, DATABASE_FAILS)
        await watch.live(8, DATABASE_FAILS, FAILING._replace(requests=25))
        # Then there is one incident, which shows what hangs on it, and touches whom that finds
        [parent] = await watch.incidents()
        assert (parent["component"], parent["affected"], parent["likely"]) == ("database", 25, 0)
        async with watch.agent() as agent:
            [muted] = (await agent.get(f"/v1/incidents/{parent['id']}/muted")).json()["items"]
            assert (muted["component"], muted["rule"]) == ("checkout", "failing")
            assert (await agent.get("/v1/incidents/unknown/muted")).status_code == 404
            # When the database is well again, by a person's word, and the checkout fails on
            assert (await agent.post(f"/v1/incidents/{parent['id']}/resolve")).status_code == 200
        ended_at = watch.clock.now
        await watch.live(6, FAILING)
        # Then the checkout's incident opens, of what came since
        opened = watch.said(IncidentOpened)[-1].data
        assert opened.component == "checkout"
        assert opened.started_at >= ended_at


async def test_an_alert_that_fires_in_maintenance_opens_an_incident_when_that_is_over_and_it_fires_still(
    monitor_database: Database,
) -> None:
    site = Site(monitor_database, rules=alert_rules())
    await site.start()
    async with monitor_database.connection() as connection:
        now = await connection.fetchval("SELECT clock()")
        for query in (PERIOD, KEPT):
            await connection.execute(query, NOON - timedelta(days=1), now + timedelta(hours=1))
    # When two alerts fire in maintenance, and one of them ends
    put(site.topics, [alert("a1", since=1), alert("a2", since=2), alert("a2", since=2, until=3)])
    await site.settle()
    assert await site.incidents() == []
    # and another process looks, while it goes on
    await site.start()
    await site.settle()
    assert await site.incidents() == []
    assert [row["rule"] for row in await site.rows("SELECT rule FROM muted")] == ["alerts"]
    # When it is over
    async with monitor_database.connection() as connection:
        await connection.execute("UPDATE maintenance_periods SET ends_at = $1", now)
    site.detecting.look_again()
    await site.partials.stream.tick()
    # Then the one that fires has its incident, once
    [incident] = await site.rows("SELECT status, why FROM incidents")
    assert (incident["status"], incident["why"]["firing"]) == ("open", 1)
    site.detecting.look_again()
    assert not site.detecting.pressing()
