"""An incident whose rule is gone or counts otherwise now is withdrawn when monitor starts: as a fact, and not as an all-clear."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.events import IncidentOpened, IncidentResolved, IncidentWithdrawn
from shared.settings import Settings
from tests.flow.monitor_watch import FAILING, RULE, WELL, Watch, revisions, watching

pytestmark = pytest.mark.asyncio

OTHERWISE = {
    "the rule is removed": ("", "rule_gone"),
    "the rule is renamed": (RULE.replace("id: failing", "id: broken"), "rule_gone"),
    "its window changes": (RULE.replace("window: 15s", "window: 1m"), "rule_changed"),
    "what is bad changes": (RULE.replace("data.ok: false", "data.ok: {is_not: true}"), "rule_changed"),
    "where it counts changes": (RULE.replace("    bad:", "    where: {subject: {present: true}}\n    bad:"), "rule_changed"),
    "its group changes": (RULE.replace("    bad:", "    component: data.service\n    bad:"), "rule_changed"),
    "its events change": (RULE.replace("[com.example.request]", "[com.example.request, com.example.job]"), "rule_changed"),
}
STILL_THE_SAME = {
    "nothing changes": RULE,
    "its words change": RULE.replace("is failing", "has trouble").replace("    bad:", "    severity: low\n    symptom: slow\n    bad:"),
    "its thresholds change": RULE.replace("ratio: 0.05", "ratio: 0.2").replace("ratio: 0.01", "ratio: 0.02"),
}


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    async with watching(fresh_database, tmp_path) as made:
        await made.live(20, FAILING)
        yield made


async def rows_of(watch: Watch, table: str) -> int:
    async with watch.service.database.connection() as connection:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608


@pytest.mark.parametrize(("rules", "reason"), OTHERWISE.values(), ids=OTHERWISE)
async def test_an_incident_that_no_rule_judges_any_more_is_withdrawn(rules: str, reason: str, watch: Watch) -> None:
    # Given an open incident, and what was counted of it
    assert await rows_of(watch, "series") > 0
    assert await rows_of(watch, "fold_cells") > 0
    # When monitor starts with rules that judge it no more
    await watch.start(rules)
    # Then that is said, once, with the next revision, and it is no all-clear
    [withdrawn] = watch.said(IncidentWithdrawn)
    assert (withdrawn.data.reason, withdrawn.data.affected, withdrawn.data.tell) == (reason, 20, True)
    assert revisions(watch.facts()) == list(range(len(watch.facts())))
    assert watch.said(IncidentResolved) == []
    [incident] = await watch.incidents()
    assert (incident["status"], incident["ended_at"]) == ("withdrawn", watch.clock.now)
    # and nothing of it is left to be judged
    assert (await rows_of(watch, "series"), await rows_of(watch, "fold_cells")) == (0, 0)
    # and a start, or another instance, says nothing more
    await watch.start(rules)
    assert len(watch.said(IncidentWithdrawn)) == 1


@pytest.mark.parametrize("rules", STILL_THE_SAME.values(), ids=STILL_THE_SAME)
async def test_an_incident_whose_rule_counts_as_it_did_goes_on(rules: str, watch: Watch) -> None:
    await watch.start(rules)
    assert [incident["status"] for incident in await watch.incidents()] == ["open"]
    await watch.live(30, WELL)
    assert len(watch.said(IncidentResolved)) == 1
    assert watch.said(IncidentWithdrawn) == []


async def test_trouble_goes_on_under_the_changed_rule_as_another_incident_of_its_own_counts(watch: Watch) -> None:
    await watch.start(RULE.replace("window: 15s", "window: 1m"))
    restarted = watch.clock.now
    await watch.live(20, FAILING)
    first, second = watch.said(IncidentOpened)
    assert second.subject != first.subject
    assert second.data.started_at >= restarted


async def test_partials_that_were_counted_by_the_rule_as_it_was_are_not_judged(watch: Watch) -> None:
    # Given counts on their way from the fold to the detecting side
    events, partials, *_ = watch.consumers
    await partials.revoke()
    await watch.live(10, FAILING)
    # When monitor starts with another window
    await watch.start(RULE.replace("window: 15s", "window: 1m"))
    # Then they are nobody's
    async with watch.service.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM series") == 0
    assert events.stream.topic != partials.stream.topic
    assert len(watch.said(IncidentOpened)) == 1


async def test_of_two_monitors_that_start_one_withdraws(watch: Watch) -> None:
    first = watch.loop
    await watch.start("")
    await first.topics.relay(watch.service.database)
    await watch.start("")
    await watch.start("")
    assert len(watch.said(IncidentWithdrawn)) == 1
