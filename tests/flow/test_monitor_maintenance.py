"""Maintenance is announced over HTTP and said as facts; while it runs, trouble of its components opens no incident."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.monitor import metrics
from shared.events import Fact, IncidentOpened, MaintenanceChanged, MaintenanceEnded, MaintenancePlanned, MaintenanceStarted
from shared.settings import Settings
from tests.builders import NOON
from tests.figures import value
from tests.flow.monitor_watch import FAILING, RULE, SEARCH, WELL, Traffic, Watch, revisions, watching

pytestmark = pytest.mark.asyncio

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
MUTED = metrics.MUTED.labels("maintenance")
SEARCH_FAILS = Traffic("search", ok=False)


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    async with watching(fresh_database, tmp_path) as made:
        yield made


def announcement(starts_at: datetime, lasts: timedelta = 2 * MINUTE, **said: Any) -> dict[str, Any]:
    when = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + lasts).isoformat()}
    return {"title": "We move the checkout", "components": ["checkout"], **when, **said}


async def posted(watch: Watch, path: str = "", body: dict[str, Any] | None = None, by: str = "operator") -> httpx2.Response:
    async with watch.agent() as agent:
        answer = await agent.post(f"/v1/maintenance{path}", json=body, headers={"authorization": f"Bearer {by}-token"})
    await watch.loop.settle()
    return answer


async def shown(watch: Watch, id_: str) -> dict[str, Any]:
    async with watch.agent() as agent:
        answer: dict[str, Any] = (await agent.get(f"/v1/maintenance/{id_}")).json()
    return answer


def of_maintenance(watch: Watch) -> list[Fact]:
    return [each for each in watch.facts() if each.type.startswith("forewarn.maintenance.")]


def kinds(watch: Watch) -> list[str]:
    return [each.type.split(".")[2] for each in of_maintenance(watch)]


async def test_trouble_of_its_components_opens_an_incident_when_it_goes_on_after_its_end(watch: Watch) -> None:
    before = value(MUTED)
    # Given maintenance of the checkout for 20 seconds
    made = (await posted(watch, body=announcement(NOON + 2 * SECOND, 20 * SECOND))).json()
    assert (made["status"], made["by"], made["muted"]) == ("planned", "operator", 0)
    # When checkout and search fail in it
    await watch.live(2, WELL, SEARCH)
    await watch.live(18, FAILING, SEARCH_FAILS)
    # Then search alone has an incident, and what was muted can be read
    assert [incident["component"] for incident in await watch.incidents()] == ["search"]
    running = await shown(watch, made["id"])
    assert (running["status"], running["muted"]) == ("running", 1)
    [muted] = running["trouble"]
    assert (muted["rule"], muted["component"], muted["title"]) == ("failing", "checkout", "checkout is failing")
    assert muted["why"]["bad_events"] >= 50
    assert value(MUTED) == before + 1
    # When it is over, and the checkout fails on
    await watch.live(8, FAILING)
    # Then its incident opens, of what came since
    _, opened = watch.said(IncidentOpened)
    assert (opened.data.component, opened.data.started_at >= NOON + 22 * SECOND) == ("checkout", True)
    assert (await shown(watch, made["id"]))["status"] == "over"
    assert kinds(watch) == ["planned", "started", "ended"]
    assert revisions(of_maintenance(watch)) == [0, 1, 2]
    [started], [ended] = watch.said(MaintenanceStarted), watch.said(MaintenanceEnded)
    assert (started.time, ended.data.ended_at) == (NOON + 2 * SECOND, NOON + 22 * SECOND)
    assert started.data.audience.used_within_seconds == timedelta(days=14).total_seconds()


async def test_one_that_repeats_comes_again_also_when_nobody_watched(watch: Watch) -> None:
    body = announcement(
        NOON + MINUTE, repeat="FREQ=DAILY", zone="Europe/Berlin", audience={"where": {"tier": ["gold"], "revenue": {"above": 5}}}
    )
    made = (await posted(watch, body=body)).json()
    # When monitor is away for two days, and comes back while the third period runs
    await watch.stop()
    await watch.clock.set(NOON + timedelta(days=2, minutes=2))
    await watch.start(RULE)
    await watch.live(6, FAILING)
    # Then that period mutes as the first one did
    assert await watch.incidents() == []
    assert (await shown(watch, made["id"]))["muted"] == 1
    assert kinds(watch) == [*["planned", "started", "ended"] * 2, "planned", "started"]
    latest = watch.said(MaintenancePlanned)[-1].data
    assert (latest.starts_at, latest.audience.where) == (NOON + timedelta(days=2, minutes=1), {"tier": ["gold"], "revenue": {"above": 5.0}})


async def test_a_person_changes_it_while_it_runs_and_calls_it_off(watch: Watch) -> None:
    made = (await posted(watch, body=announcement(NOON))).json()
    longer = announcement(NOON, 10 * MINUTE, components=["search"])
    assert (await posted(watch, f"/{made['id']}/change", longer)).json()["ends_at"] == "2026-11-24T12:10:00Z"
    assert watch.said(MaintenanceChanged)[-1].data.by == "operator"
    # Now search is muted, and the checkout is not
    await watch.live(6, FAILING, SEARCH_FAILS)
    assert [incident["component"] for incident in await watch.incidents()] == ["checkout"]
    # When it is called off, search is muted no more
    assert (await posted(watch, f"/{made['id']}/cancel")).json()["cancelled_by"] == "operator"
    await watch.live(6, SEARCH_FAILS)
    assert {incident["component"] for incident in await watch.incidents()} == {"checkout", "search"}
    again = await posted(watch, f"/{made['id']}/cancel")
    assert (again.status_code, again.json()["current"]) == (409, "cancelled")
    assert (await posted(watch, f"/{made['id']}/change", longer)).status_code == 409
    assert kinds(watch) == ["planned", "started", "changed", "cancelled"]


async def test_one_that_was_called_off_before_it_began_mutes_nothing(watch: Watch) -> None:
    made = (await posted(watch, body=announcement(NOON + SECOND))).json()
    await posted(watch, f"/{made['id']}/cancel")
    await watch.live(6, FAILING)
    assert len(await watch.incidents()) == 1
    assert kinds(watch) == ["planned", "cancelled"]


async def test_what_cannot_be_meant_is_refused_and_only_operators_announce(watch: Watch) -> None:
    refused = {
        "over": announcement(NOON - 5 * MINUTE),
        "zone": announcement(NOON, zone="Europe/Atlantis"),
        "first period": announcement(NOON, repeat="FREQ=WEEKLY;BYDAY=MO"),
        "days ahead": announcement(NOON + timedelta(days=3651)),
        "used_within or where": announcement(NOON, audience={}),
        "of customers it is known": announcement(NOON, audience={"where": {"data.tier": "gold"}}),
        "before 2000": announcement(datetime(1999, 1, 1, tzinfo=NOON.tzinfo)),
    }
    for why, body in refused.items():
        answer = await posted(watch, body=body)
        assert (answer.status_code, why in answer.text) == (422, True), (why, answer.text)
    assert (await posted(watch, body=announcement(NOON), by="agent")).status_code == 403
    assert (await posted(watch, "/unknown/cancel")).status_code == 404
    async with watch.agent() as agent:
        assert (await agent.get("/v1/maintenance?status=planned")).json() == {"items": [], "next": None}
    assert of_maintenance(watch) == []
