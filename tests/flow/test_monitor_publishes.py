"""Rules are published in place of rules.yml, rolled back, and given up for the file again, without a restart."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from shared.events import IncidentOpened, IncidentWithdrawn
from shared.settings import Settings
from tests.flow.monitor_watch import FAILING, RULE, Watch, watching
from tests.flow.test_monitor_reloads import BROKEN, STRICTER, reload, ruling_of, write

pytestmark = pytest.mark.asyncio

NEVER = RULE.replace("ratio: 0.05", "ratio: 1.0").replace("events: 50", "events: 900000")
UNREADABLE = "UPDATE published_rules SET text = 'rules: [{id: of-a-later-version}]'"


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    async with watching(fresh_database, tmp_path) as made:
        yield made


@pytest.fixture
async def operator(watch: Watch) -> AsyncIterator[httpx2.AsyncClient]:
    async with watch.agent("operator") as client:
        yield client


async def act(watch: Watch, operator: httpx2.AsyncClient, path: str, **said: object) -> httpx2.Response:
    """Acts over HTTP, and lets the process look, as the wake-up has it do."""
    answer = await operator.post(f"/v1/rules/{path}", json=said)
    await ruling_of(watch).look(watch.service.database)
    await watch.loop.settle()
    return answer


async def standing(operator: httpx2.AsyncClient) -> tuple[str, int, bool]:
    said = (await operator.get("/v1/rules")).json()
    return said["source"], said["base"], said["file_differs"]


async def test_published_rules_go_before_the_file_until_somebody_goes_back_to_it(
    watch: Watch, operator: httpx2.AsyncClient, tmp_path: Path
) -> None:
    # Given a file by which nothing opens
    await reload(watch, operator, tmp_path, NEVER)
    await watch.live(5, FAILING)
    assert (await standing(operator), watch.said(IncidentOpened)) == (("file", 0, False), [])
    # When rules that open an incident are published
    answer = await act(watch, operator, "publish", rules=f"rules:\n{RULE}", note="the canteen noticed first", base=0)
    assert (answer.status_code, [each["change"] for each in answer.json()["rules"]]) == (202, ["judges_otherwise"])
    # Then they judge what was counted before
    await watch.live(2, FAILING)
    assert len(watch.said(IncidentOpened)) == 1
    # and they stay in force whatever the file says, also after a restart, which is said
    await reload(watch, operator, tmp_path, STRICTER)
    assert await standing(operator) == ("published", 1, True)
    before = (await operator.get("/v1/rules")).json()
    await watch.start(STRICTER)
    async with watch.agent() as agent:
        assert (await agent.get("/v1/rules")).json() == before
        history = (await agent.get("/v1/rules/published")).json()
    [published] = history["items"]
    assert published == before["published"]
    assert (published["by"], published["note"], published["to_file"]) == ("operator", "the canteen noticed first", False)
    assert (history["base"], history["rules"]) == (1, f"rules:\n{RULE}")
    assert watch.said(IncidentWithdrawn) == []


async def test_a_draft_on_an_older_base_is_refused_and_an_earlier_one_may_be_published_again(
    watch: Watch, operator: httpx2.AsyncClient
) -> None:
    first, other = f"rules:\n{RULE}", f"rules:\n{STRICTER}"
    assert (await act(watch, operator, "back-to-file")).status_code == 409, "the file is in force"
    assert (await act(watch, operator, "publish", rules=first, base=0)).status_code == 202
    late = await act(watch, operator, "publish", rules=other, base=0)
    assert (late.status_code, late.json()["current"]) == (409, 1)
    broken = await act(watch, operator, "publish", rules=f"rules:\n{BROKEN}", base=1)
    [error] = broken.json()["errors"]
    assert (broken.status_code, error["at"]) == (422, "rules.yml:7")
    second = await act(watch, operator, "publish", rules=other, base=1)
    # When the first is published again
    earlier = (await operator.get("/v1/rules/published/1")).json()
    again = await act(watch, operator, "publish", rules=earlier["rules"], note="1 again", base=second.json()["number"])
    assert again.status_code == 202
    assert (await operator.get("/v1/rules")).json()["published"]["note"] == "1 again"
    # and then given up
    assert (await act(watch, operator, "back-to-file", base=again.json()["number"])).status_code == 202
    assert (await standing(operator))[0] == "file"
    items = (await operator.get("/v1/rules/published")).json()["items"]
    assert [each["to_file"] for each in items] == [True, False, False, False]
    assert (await operator.get("/v1/rules/published/99")).status_code == 404


async def test_a_draft_that_was_looked_at_before_rules_yml_was_read_anew_is_refused(
    watch: Watch, operator: httpx2.AsyncClient, tmp_path: Path
) -> None:
    # Given somebody who looked at the rules in force
    seen, rules = (await operator.get("/v1/rules")).json()["version"], f"rules:\n{NEVER}"
    # When rules.yml is read anew, which no number says
    await reload(watch, operator, tmp_path, STRICTER)
    late = await act(watch, operator, "publish", rules=rules, base=0, version=seen)
    # Then what they publish on those is refused, and changes nothing
    now = (await operator.get("/v1/rules")).json()
    assert (late.status_code, late.json()["current"], late.json()["version"]) == (409, 0, now["version"])
    assert (now["source"], now["version"] != seen) == ("file", True)
    # and published on those of now it counts
    assert (await act(watch, operator, "publish", rules=rules, base=0, version=now["version"])).status_code == 202
    # nor does who does not say what they looked at notice: an older client
    assert (await act(watch, operator, "publish", rules=rules, base=1)).status_code == 202


async def test_what_was_published_and_cannot_be_read_any_more_leaves_the_file_in_force_and_alerts(
    watch: Watch, operator: httpx2.AsyncClient, tmp_path: Path
) -> None:
    await act(watch, operator, "publish", rules=f"rules:\n{STRICTER}", base=0)
    async with watch.service.database.connection() as connection:
        await connection.execute(UNREADABLE)
    write(tmp_path, RULE)
    await act(watch, operator, "reload")
    said = (await operator.get("/v1/rules")).json()
    assert said["source"] == "file"
    assert said["mistake"].startswith("what was published cannot be read any more, so rules.yml counts: published 1:1: ")
    assert "forewarn_monitor_rules_read 0.0" in (await operator.get("/metrics")).text
    await watch.live(10, FAILING)
    assert len(watch.said(IncidentOpened)) == 1


async def test_only_operators_publish(watch: Watch) -> None:
    async with watch.agent() as agent:
        assert (await agent.post("/v1/rules/publish", json={"rules": f"rules:\n{RULE}", "base": 0})).status_code == 403
        assert (await agent.post("/v1/rules/back-to-file")).status_code == 403
