"""A rule on trial (`shadow: true`) judges as any other: its incidents can be read, and nobody is told of them."""

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.monitor.timers import measure
from shared.events import Fact, IncidentImpact, IncidentOpened, IncidentResolved, IncidentShadowed, IncidentWithdrawn, Topic
from shared.settings import Settings
from tests.flow.monitor_watch import FAILING, RULE, WELL, Watch, watching
from tests.flow.notifier_stage import Stage, about, opened
from tests.flow.ticketing_desk import Desk

pytestmark = pytest.mark.asyncio

SHADOW = RULE.replace("    bad:", "    shadow: true\n    bad:")


def said(watch: Watch) -> list[Fact]:
    """Returns all that is said of incidents, whom they touch included."""
    return watch.topics.facts(Topic.INCIDENTS)


async def impact(watch: Watch) -> set[tuple[str, str]]:
    async with watch.service.database.connection() as connection:
        return {(row["incident_id"], row["customer_id"]) for row in await connection.fetch("SELECT incident_id, customer_id FROM impact")}


async def gauges(watch: Watch) -> list[Any]:
    await measure(watch.service.database)
    return [REGISTRY.get_sample_value(f"forewarn_monitor_{name}") for name in ("open_incidents", "open_incident_customers")]


async def test_a_rule_on_trial_finds_whom_its_incident_touches_and_tells_nobody(fresh_database: Settings, tmp_path: Path) -> None:
    async with watching(fresh_database, tmp_path) as watch:
        await watch.start(SHADOW)
        # When the checkout fails
        await watch.live(10, FAILING)
        # Then its incident is there with whom it touches, and can be read
        [incident] = await watch.incidents()
        assert (incident["status"], incident["shadow"]) == ("open", True)
        assert len(await impact(watch)) == 20
        async with watch.agent() as agent:
            [shown] = (await agent.get("/v1/incidents")).json()["items"]
            assert (await agent.get("/v1/incidents?shadow=true")).json()["items"] == [shown]
            assert (await agent.get("/v1/incidents?shadow=false")).json()["items"] == []
            assert (shown["id"], shown["shadow"], shown["affected"]) == (incident["id"], True, 20)
            assert len((await agent.get(f"/v1/incidents/{incident['id']}/impact")).json()["items"]) == 20
        # and no count of open incidents has it
        assert await gauges(watch) == [0, 0]
        # When it is well again
        await watch.live(40, WELL)
        # Then that was said as a trial, and nothing else was
        assert {type(fact) for fact in said(watch)} == {IncidentShadowed}
        states = [(fact.data.status, fact.data.revision) for fact in watch.said(IncidentShadowed)]
        assert states[0] == ("open", 0)
        assert states[-1][0] == "resolved"
        assert [revision for _, revision in states] == list(range(len(states)))


async def test_a_person_may_dismiss_an_incident_of_a_rule_on_trial_and_nobody_hears_of_it(fresh_database: Settings, tmp_path: Path) -> None:
    async with watching(fresh_database, tmp_path) as watch:
        await watch.start(SHADOW)
        await watch.live(10, FAILING)
        [incident] = await watch.incidents()
        async with watch.agent() as agent:
            assert (await agent.post(f"/v1/incidents/{incident['id']}/dismiss", json={})).status_code == 200
        await watch.loop.settle()
        assert {type(fact) for fact in said(watch)} == {IncidentShadowed}
        assert watch.said(IncidentShadowed)[-1].data.status == "dismissed"


async def test_when_a_trial_ends_its_incident_is_withdrawn_and_opens_anew_if_it_still_fails(
    fresh_database: Settings, tmp_path: Path
) -> None:
    async with watching(fresh_database, tmp_path) as watch:
        # Given an open incident of a rule on trial
        await watch.start(SHADOW)
        await watch.live(10, FAILING)
        [trial] = await watch.incidents()
        # When the rule is on trial no more
        await watch.start(RULE)
        await watch.live(1, FAILING)
        # Then that incident is withdrawn, which nobody hears of
        [trial] = await watch.incidents()
        assert (trial["status"], trial["shadow"]) == ("withdrawn", True)
        assert {type(fact) for fact in said(watch)} == {IncidentShadowed}
        # and when it fails on, another one is opened, and said as any
        await watch.live(15, FAILING)
        _, incident = await watch.incidents()
        assert (incident["status"], incident["shadow"]) == ("open", False)
        assert incident["started_at"] > trial["ended_at"]
        [opened] = watch.said(IncidentOpened)
        assert opened.data.incident_id == incident["id"] != trial["id"]
        touched = [fact for fact in said(watch) if isinstance(fact, IncidentImpact)]
        assert {fact.data.incident_id for fact in touched} == {incident["id"]}
        assert await gauges(watch) == [1, 20]


async def test_a_trial_that_has_ended_opens_nothing_when_all_is_well(fresh_database: Settings, tmp_path: Path) -> None:
    async with watching(fresh_database, tmp_path) as watch:
        await watch.start(SHADOW)
        await watch.live(10, FAILING)
        await watch.start(RULE)
        await watch.live(40, WELL)
        assert len(await watch.incidents()) == 1
        assert {type(fact) for fact in said(watch)} == {IncidentShadowed}


async def test_when_a_rule_goes_on_trial_those_who_were_told_hear_that_its_incident_is_withdrawn(
    fresh_database: Settings, tmp_path: Path
) -> None:
    async with watching(fresh_database, tmp_path) as watch:
        await watch.start(RULE)
        await watch.live(10, FAILING)
        await watch.start(SHADOW)
        [withdrawn] = watch.said(IncidentWithdrawn)
        assert withdrawn.data.reason == "rule_changed"
        await watch.live(20, FAILING)
        assert len(watch.said(IncidentOpened)) == 1
        assert watch.said(IncidentResolved) == []
        assert watch.said(IncidentShadowed)


def shadowed(stage: Stage, status: str, revision: int) -> IncidentShadowed:
    data = about(stage.now, status=status, revision=revision, opened_at=stage.now, affected=1, why={"ratio": 0.4})
    return IncidentShadowed.of(IncidentShadowed.Data(**data), subject="i-1", at=stage.now, unique=revision)


async def test_neither_notifier_nor_ticketing_acts_on_what_is_said_of_a_trial(on: Stage, desk: Desk) -> None:
    # Given a notifier and ticketing that know a customer
    await on.know("c-1")
    notifier, ticketing = await on.everything(), await desk.everything()
    # When a trial's incident opens and ends
    facts = [shadowed(on, "open", 0), shadowed(on, "resolved", 1)]
    await on.hear(*facts)
    await desk.tell(*facts)
    # Then nothing has changed anywhere, and nobody was told
    assert await on.everything() == notifier
    assert await desk.everything() == ticketing
    assert on.office.mails == []
    # and of another incident they take note
    await desk.tell(opened(on.now))
    assert await desk.everything() != ticketing
