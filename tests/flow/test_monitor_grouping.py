"""Several rules find one trouble of a component: it is one incident, as bad as the worst of them says, until all of them are calm."""

from pathlib import Path

import pytest

from shared.events import IncidentImpact, IncidentOpened, IncidentResolved, IncidentUpdated, Topic
from shared.settings import Settings
from tests.flow.monitor_watch import FAILING, RULE, Traffic, watching

pytestmark = pytest.mark.asyncio

WELL = Traffic("checkout", requests=5)

LOUD = """\
  - id: any-failure
    detector: count
    title: "{component} is down"
    severity: critical
    events: [com.example.request]
    bad: {data.ok: false}
    window: 30s
    open: {count: 100, customers: 5}
    resolve: {count: 10, calm: 10s, events: 0}
"""


async def test_the_later_rule_joins_the_open_incident_and_the_last_calm_one_ends_it(fresh_database: Settings, tmp_path: Path) -> None:
    async with watching(fresh_database, tmp_path) as watch:
        await watch.start(RULE + LOUD + "grouping: 5m\n")
        # When one rule finds trouble, and another one seconds later
        await watch.live(8, FAILING)
        # Then there is one incident, as bad as the worst says, whose figures name both
        [incident] = await watch.incidents()
        assert (incident["rule"], incident["severity"], incident["status"]) == ("failing", "critical", "open")
        [opened] = watch.said(IncidentOpened)
        assert opened.data.severity == "high"
        joined = watch.said(IncidentUpdated)[0].data
        assert joined.severity == "critical"
        assert [each["rule"] for each in joined.why["rules"]] == ["failing", "any-failure"]
        # and it touches each customer once
        told = [each for each in watch.topics.facts(Topic.INCIDENTS) if isinstance(each, IncidentImpact)]
        names = [customer.customer_id for fact in told for customer in fact.data.customers]
        assert {fact.data.incident_id for fact in told} == {incident["id"]}
        assert sorted(names) == sorted({f"c-{number}" for number in range(20)})
        # When the first rule is calm, and the other one not yet
        await watch.live(27, WELL)
        assert [each["status"] for each in await watch.incidents()] == ["open"]
        assert "rules" in (await watch.incidents())[0]["why"]
        # Then it goes on until that is calm, too
        await watch.live(20, WELL)
        assert [each["status"] for each in await watch.incidents()] == ["resolved"]
        assert len(watch.said(IncidentResolved)) == 1


async def test_when_the_rule_that_still_finds_it_is_gone_it_is_withdrawn(fresh_database: Settings, tmp_path: Path) -> None:
    async with watching(fresh_database, tmp_path) as watch:
        await watch.start(RULE + LOUD + "grouping: 5m\n")
        await watch.live(8, FAILING)
        await watch.live(27, WELL)
        assert [each["status"] for each in await watch.incidents()] == ["open"]
        await watch.start(RULE)
        assert [each["status"] for each in await watch.incidents()] == ["withdrawn"]


async def test_whom_a_rule_finds_that_joined_a_merged_incident_is_touched_by_the_other(fresh_database: Settings, tmp_path: Path) -> None:
    async with watching(fresh_database, tmp_path) as watch:
        await watch.start(RULE + LOUD + "grouping: 5m\n")
        # Given two incidents, each found by two rules, of which one was merged into the other
        await watch.live(8, FAILING, Traffic("search", ok=False, requests=30))
        of = {each["component"]: each["id"] for each in await watch.incidents()}
        async with watch.agent() as agent:
            answer = await agent.post(f"/v1/incidents/{of['search']}/merge", json={"into": of["checkout"]})
        assert answer.status_code == 200
        # When ten more fail once: enough for the rule that joined alone
        await watch.live(1, FAILING, Traffic("search", ok=False, requests=40))
        # Then the other touches them, too
        assert {each["id"]: each["affected"] for each in await watch.incidents()}[of["checkout"]] == 40
