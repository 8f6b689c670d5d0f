"""Drafts of rules are tried on the past over HTTP: one at a time over all processes, and taken up by another one when the first dies."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from services.monitor.past.order import Order, Said
from services.monitor.past.trying import BUSY, LEASE, TRIES, TRY, Run, Saying, Trying
from shared.catalog import Catalog, Component
from shared.settings import Settings
from shared.timers import Timers, Work
from tests.flow.monitor_watch import RULE, Watch, watching
from tests.flow.test_monitor_reloads import BROKEN, STRICTER, ruling_of

pytestmark = pytest.mark.asyncio

DRAFT = {"rules": f"rules:\n{STRICTER}", "since": "7d"}
CATALOG = Catalog(components={"checkout": Component(name="Checkout")})
FOUND: dict[str, object] = {"by_rule": [], "incidents": []}


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    async with watching(fresh_database, tmp_path) as made:
        yield made


@pytest.fixture
async def operator(watch: Watch) -> AsyncIterator[httpx2.AsyncClient]:
    async with watch.agent("operator") as client:
        yield client


class Past:
    """Walks through no past, says what a child process would, and remembers what it was asked."""

    def __init__(self, *said: Said | None) -> None:
        self._said, self.asked = said, list[Order]()

    async def run(self, order: Order) -> Saying:
        self.asked.append(order)
        for each in self._said:
            yield each


def process(watch: Watch, run: Run) -> tuple[Timers, Trying]:
    """Returns what another process of monitor does with drafts."""
    database = watch.service.database
    trying = Trying(database, ruling_of(watch), CATALOG, run)
    return Timers(database, {TRY: Work(trying, lease=LEASE)}), trying


async def asked(watch: Watch, operator: httpx2.AsyncClient) -> str:
    """Asks for a draft to be tried; each comes a second after the one before."""
    await watch.clock.set(watch.clock.now + timedelta(seconds=1))
    answer = await operator.post("/v1/backtests", json=DRAFT)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def read(operator: httpx2.AsyncClient, id_: str) -> dict[str, object]:
    found: dict[str, object] = (await operator.get(f"/v1/backtests/{id_}")).json()
    return found


async def test_a_draft_waits_is_tried_beside_the_rules_in_force_and_keeps_what_was_found(
    watch: Watch, operator: httpx2.AsyncClient
) -> None:
    id_ = await asked(watch, operator)
    assert (await read(operator, id_))["status"] == "waiting"
    past = Past(Said(done=10, size=40), None, Said(outcome=FOUND))
    timers, _ = process(watch, past.run)
    assert await timers.do_due(TRY) == 1
    [order] = past.asked
    assert (order.tried, order.today, order.named) == (DRAFT["rules"], f"rules:\n{RULE}", ["checkout"])
    assert order.since == (watch.clock.now - timedelta(days=7)).timestamp()
    done = await read(operator, id_)
    assert (done["status"], done["done"], done["size"], done["outcome"], done["rules"]) == ("done", 10, 40, FOUND, DRAFT["rules"])
    assert [each["change"] for each in done["changes"]] == ["judges_otherwise"]  # type: ignore[attr-defined]
    assert await timers.do_due(TRY) == 0
    # what cannot be tried says why
    failing = await asked(watch, operator)
    timers, _ = process(watch, Past(Said(failed="there is no such topic")).run)
    await timers.do_due(TRY)
    failed = await read(operator, failing)
    assert (failed["status"], failed["reason"]) == ("failed", "there is no such topic")
    assert [each["id"] for each in (await operator.get("/v1/backtests")).json()["items"]] == [failing, id_]


async def test_one_is_tried_at_a_time_and_another_process_takes_up_what_is_left(watch: Watch, operator: httpx2.AsyncClient) -> None:
    # Given a process that died while it tried the first of two drafts
    first, second = await asked(watch, operator), await asked(watch, operator)

    async def dies(order: Order) -> Saying:
        yield Said(done=1, size=2)
        raise KeyboardInterrupt

    timers, _ = process(watch, dies)
    with pytest.raises(KeyboardInterrupt):
        await timers.do_due(TRY)
    assert (await read(operator, first))["status"] == "running"
    # Then the second waits for its turn until the lease has ended, and the first is tried before it
    past = Past(Said(outcome=FOUND))
    timers, _ = process(watch, past.run)
    await timers.do_due(TRY)
    assert past.asked == []
    await watch.clock.set(watch.clock.now + LEASE + timedelta(seconds=1))
    for _ in range(3):
        await timers.do_due(TRY)
        await watch.clock.set(watch.clock.now + BUSY)
    assert len(past.asked) == 2
    assert [(await read(operator, each))["status"] for each in (first, second)] == ["done", "done"]


async def test_a_process_that_stops_leaves_it_and_one_that_kills_processes_is_given_up(watch: Watch, operator: httpx2.AsyncClient) -> None:
    id_ = await asked(watch, operator)
    past = Past(Said(done=1), Said(outcome=FOUND))
    timers, trying = process(watch, past.run)
    trying.stop()
    await timers.do_due(TRY)
    assert (await read(operator, id_))["status"] == "waiting"
    async with watch.service.database.connection() as connection:
        await connection.execute("UPDATE backtests SET tries = $1", TRIES)
    timers, _ = process(watch, past.run)
    await timers.do_due(TRY)
    given_up = await read(operator, id_)
    assert (given_up["status"], given_up["reason"]) == ("failed", f"{TRIES} processes have ended while they tried it")


async def test_what_may_be_tried_is_bounded_and_the_latest_twenty_are_kept(watch: Watch, operator: httpx2.AsyncClient) -> None:
    broken = await operator.post("/v1/backtests", json={"rules": f"rules:\n{BROKEN}"})
    assert (broken.status_code, broken.json()["errors"][0]["at"]) == (422, "rules.yml:7")
    assert (await operator.post("/v1/backtests", json=DRAFT | {"since": "91d"})).status_code == 422
    assert (await operator.get("/v1/backtests/none")).status_code == 404
    async with watch.service.database.connection() as connection:
        await connection.execute("""INSERT INTO backtests (id, rules, base, back, by, status, asked_at)
            SELECT 'b-' || n, '', 0, '7d', 'operator', 'done', clock() - n * interval '1 hour' FROM generate_series(1, 30) n""")
    for _ in range(5):
        await asked(watch, operator)
    assert (await operator.post("/v1/backtests", json=DRAFT)).status_code == 409
    kept = [each["id"] for each in (await operator.get("/v1/backtests")).json()["items"]]
    assert len(kept) == 5 + 19
    assert kept[-1] == "b-19"
    async with watch.agent() as agent:
        assert (await agent.post("/v1/backtests", json=DRAFT)).status_code == 403
