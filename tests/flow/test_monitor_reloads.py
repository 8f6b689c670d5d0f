"""The rules are read anew while monitor runs: what still counts the same goes on, and a file with a mistake changes nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx2
import pytest

from services.monitor.ruling import Ruling, Written
from shared.events import IncidentOpened, IncidentResolved, IncidentWithdrawn
from shared.settings import Settings
from tests.flow.monitor_watch import FAILING, RULE, SEARCH, Traffic, Watch, watching

pytestmark = pytest.mark.asyncio

STRICTER = RULE.replace("ratio: 0.05", "ratio: 0.5")
ANOTHER = RULE + RULE.replace("id: failing", "id: other").replace("    bad:", "    component: data.component\n    only: [search]\n    bad:")
BROKEN = RULE.replace("ratio: 0.05", "ratio: five")


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    async with watching(fresh_database, tmp_path) as made:
        await ruling_of(made).look(made.service.database)  # as the first thing its task does
        yield made


@pytest.fixture
async def operator(watch: Watch) -> AsyncIterator[httpx2.AsyncClient]:
    async with watch.agent("operator") as client:
        yield client


def ruling_of(watch: Watch) -> Ruling:
    of = [getattr(each.func, "__self__", None) for each in watch.service.background if isinstance(each, partial)]
    return next(each for each in of if isinstance(each, Ruling))


def write(tmp_path: Path, rules: str) -> None:
    (tmp_path / "rules.yml").write_text(f"rules:\n{rules}")


async def reload(watch: Watch, operator: httpx2.AsyncClient, tmp_path: Path, rules: str) -> httpx2.Response:
    """Writes the file, asks over HTTP, and lets the process look, as the wake-up has it do."""
    write(tmp_path, rules)
    answer = await operator.post("/v1/rules/reload")
    await ruling_of(watch).look(watch.service.database)
    await watch.loop.settle()
    return answer


async def counted(watch: Watch) -> int:
    async with watch.service.database.connection() as connection:
        return int(await connection.fetchval("SELECT coalesce(sum(counted), 0) FROM fold_accounts"))


# ── what goes on ─────────────────────────────────────────────────────────────────────────────


async def test_other_thresholds_hold_at_once_and_what_was_counted_stays(watch: Watch, operator: httpx2.AsyncClient, tmp_path: Path) -> None:
    # Given a component of which every fifth request fails, which opens an incident
    some = Traffic("checkout", ok=False, requests=10), Traffic("checkout", requests=40)
    await watch.live(5, *some)
    [opened] = watch.said(IncidentOpened)
    # When the rule judges less strictly from now on
    lenient = RULE.replace("ratio: 0.05", "ratio: 0.9").replace("ratio: 0.01", "ratio: 0.3")
    answer = await reload(watch, operator, tmp_path, lenient)
    # Then that is what is said, and the incident ends by the new threshold, without the window beginning anew
    assert (answer.status_code, [each["change"] for each in answer.json()["rules"]]) == (202, ["judges_otherwise"])
    await watch.live(12, *some)
    [resolved] = watch.said(IncidentResolved)
    assert resolved.subject == opened.subject
    assert watch.said(IncidentWithdrawn) == []
    # and each decision names the version that made it
    versions = [each.data.why["rule_version"] for each in (opened, resolved)]
    assert versions[0] != versions[1] == answer.json()["rules"][0]["version"]


async def test_a_new_rule_begins_and_the_others_do_not_notice(watch: Watch, operator: httpx2.AsyncClient, tmp_path: Path) -> None:
    await watch.live(10, FAILING)
    answer = await reload(watch, operator, tmp_path, ANOTHER)
    assert [each["change"] for each in answer.json()["rules"]] == ["same", "new"]
    await watch.live(10, FAILING, SEARCH._replace(ok=False))
    assert sorted((each.data.rule, each.data.component) for each in watch.said(IncidentOpened)) == [
        ("failing", "checkout"),
        ("failing", "search"),
        ("other", "search"),
    ]
    assert await counted(watch) == 10 * 20 + 10 * 40


async def test_a_rule_that_is_gone_withdraws_its_incident_at_once(watch: Watch, operator: httpx2.AsyncClient, tmp_path: Path) -> None:
    await watch.live(10, FAILING)
    answer = await reload(watch, operator, tmp_path, RULE.replace("id: failing", "id: broken"))
    assert [(each["id"], each["change"]) for each in answer.json()["rules"]] == [("broken", "new"), ("failing", "gone")]
    [withdrawn] = watch.said(IncidentWithdrawn)
    assert withdrawn.data.reason == "rule_gone"


async def test_a_rule_that_counts_something_else_begins_from_nothing(watch: Watch, operator: httpx2.AsyncClient, tmp_path: Path) -> None:
    await watch.live(10, FAILING)
    answer = await reload(watch, operator, tmp_path, RULE.replace("window: 15s", "window: 1m"))
    assert [each["change"] for each in answer.json()["rules"]] == ["counts_anew"]
    [withdrawn] = watch.said(IncidentWithdrawn)
    assert withdrawn.data.reason == "rule_changed"


async def test_what_was_taken_and_not_saved_is_counted_once(watch: Watch, operator: httpx2.AsyncClient, tmp_path: Path) -> None:
    # Given events that are in memory and in no checkpoint yet
    events = watch.consumers[0]
    events.stream.slowest = 3600.0
    events.stream.save_in(3600.0)
    watch.say(FAILING, FAILING, FAILING, at=watch.clock.now)
    await events.turn()
    assert await counted(watch) == 0
    # When the rules change
    await reload(watch, operator, tmp_path, STRICTER)
    events.stream.slowest = 0.0
    events.stream.save_in(0.0)  # what the reload saved has put off the next save by ten times what it took
    await watch.live(10, FAILING)
    # Then none is lost and none counts twice, and they open what they must
    assert await counted(watch) == 60 + 10 * 20
    assert len(watch.said(IncidentOpened)) == 1


# ── mistakes ─────────────────────────────────────────────────────────────────────────────────


async def test_a_file_with_a_mistake_is_refused_with_its_line_and_changes_nothing(
    watch: Watch, operator: httpx2.AsyncClient, tmp_path: Path
) -> None:
    before = (await operator.get("/v1/rules")).json()
    answer = await reload(watch, operator, tmp_path, BROKEN)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["at"] == f"{tmp_path / 'rules.yml'}:7"
    assert error["why"].startswith("rules.0.open.ratio: ")
    assert (await operator.get("/v1/rules")).json() == before
    await watch.live(10, FAILING)
    assert len(watch.said(IncidentOpened)) == 1


async def test_a_mistake_that_comes_after_the_question_is_shown_until_it_is_mended(
    watch: Watch, operator: httpx2.AsyncClient, tmp_path: Path
) -> None:
    # Given a file that has become wrong between the question and the reading of another process
    assert (await operator.post("/v1/rules/reload")).status_code == 202
    write(tmp_path, BROKEN)
    await ruling_of(watch).look(watch.service.database)
    said = (await operator.get("/v1/rules")).json()
    assert "ratio" in said["mistake"]
    assert "forewarn_monitor_rules_read 0.0" in (await operator.get("/metrics")).text
    # When it is mended
    await reload(watch, operator, tmp_path, STRICTER)
    # Then the new rules are in force
    now = (await operator.get("/v1/rules")).json()
    assert (now["mistake"], now["version"] != said["version"]) == ("", True)
    assert "forewarn_monitor_rules_read 1.0" in (await operator.get("/metrics")).text


# ── who asks, and who hears it ───────────────────────────────────────────────────────────────


async def test_an_agent_may_look_and_only_an_operator_may_ask(watch: Watch) -> None:
    async with watch.agent() as agent:
        [rule] = (await agent.get("/v1/rules")).json()["rules"]
        assert (rule["id"], rule["detector"]) == ("failing", "ratio")
        assert (await agent.post("/v1/rules/reload")).status_code == 403


async def test_every_process_hears_it_once_and_one_that_starts_later_has_nothing_to_do(
    watch: Watch, operator: httpx2.AsyncClient, tmp_path: Path
) -> None:
    read: list[str] = []

    def reading(name: str) -> Ruling:
        def file() -> Written:
            read.append(name)
            return ruling_of(watch).of_file

        ruling = Ruling(file)
        read.clear()
        return ruling

    database, other = watch.service.database, reading("other")
    await other.look(database)
    await operator.post("/v1/rules/reload")
    for _ in range(3):
        await other.look(database)
    assert read == ["other"]
    later = reading("later")
    for _ in range(3):
        await later.look(database)
    assert read == []


async def test_a_process_reads_anew_by_sighup(watch: Watch, operator: httpx2.AsyncClient, tmp_path: Path) -> None:
    before = (await operator.get("/v1/rules")).json()["version"]
    running = asyncio.create_task(ruling_of(watch).run(watch.service.database))
    try:
        async with asyncio.timeout(10):
            while signal.getsignal(signal.SIGHUP) in (signal.SIG_DFL, signal.SIG_IGN):  # noqa: ASYNC110  until it is heard here
                await asyncio.sleep(0.01)
            write(tmp_path, STRICTER)
            os.kill(os.getpid(), signal.SIGHUP)
            while (await operator.get("/v1/rules")).json()["version"] == before:  # noqa: ASYNC110  a process cannot signal that it has read
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
