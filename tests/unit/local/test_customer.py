"""`forewarn customer` gives out all that is held of a customer, and has every service erase them, with a report of each."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from deploy.local import customer as command
from deploy.local.customer import erase_on, export_on
from deploy.local.erasure import remains
from deploy.local.ports import free_port
from deploy.local.processes import Failed
from shared.cloudevents import read_fact
from shared.connecting.brokers import Brokers
from shared.erasing import Personal, hear
from shared.events import FACT_OF, CustomerErased, Topic
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings
from tests.conftest import opened
from tests.flow.test_streams import serving

ID = "zoë quill/1"
TOKEN = "operator-token"
NOTES = Personal("notes", "SELECT words FROM notes WHERE customer_id = $1 ORDER BY words", "DELETE FROM notes WHERE customer_id = $1")


class Shop:
    """Two services that hold notes of customers, and hear what the command says when they are told to."""

    def __init__(self, kafka: str, urls: dict[str, str], databases: dict[str, Database]) -> None:
        self.kafka, self.urls, self.databases = kafka, urls, databases
        self.heard: list[tuple[int, CustomerErased]] = []  # with its partition

    async def note(self, service: str, *words: str) -> None:
        async with self.databases[service].connection() as connection:
            await connection.execute("CREATE TABLE IF NOT EXISTS notes (customer_id text, words text)")
            await connection.executemany("INSERT INTO notes VALUES ($1, $2)", [(ID, each) for each in words])

    async def hears(self, *services: str) -> None:
        """Has these services erase whom customers.v1 says, until cancelled."""
        consumer = AIOKafkaConsumer(Topic.CUSTOMERS, bootstrap_servers=self.kafka, auto_offset_reset="earliest", group_id=None)
        await consumer.start()
        try:
            async for record in consumer:
                fact = read_fact(record.value, record.headers, datetime.now(UTC), FACT_OF)
                assert isinstance(fact, CustomerErased)
                self.heard.append((record.partition, fact))
                for service in services:
                    async with self.databases[service].transaction() as tx:
                        await hear(tx, [NOTES], [fact])
        finally:
            await consumer.stop()

    async def erase(self, *hearing: str, **how: Any) -> int:
        """Returns what the command's exit code is while these services hear it."""
        task = asyncio.create_task(self.hears(*hearing))
        try:
            return await erase_on(Brokers(self.kafka), list(self.urls.values()), TOKEN, ID, **how)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def serving_notes(settings: Settings, name: str) -> AsyncIterator[tuple[str, Database]]:
    async with opened(settings, name) as database, serving(Service(name, settings, database, personal=[NOTES])) as url:
        yield url, database


@pytest.fixture
async def shop(kafka: str, fresh_database: Settings) -> AsyncIterator[Shop]:
    async with AsyncExitStack() as stack:
        found = {name: await stack.enter_async_context(serving_notes(fresh_database, name)) for name in ("monitor", "ticketing")}
        it = Shop(kafka, {name: url for name, (url, _) in found.items()}, {name: database for name, (_, database) in found.items()})
        for name in found:
            await it.note(name, "likes tea", "“quoted” \u202e")
        yield it


# ── erase ────────────────────────────────────────────────────────────────────────────────────


async def test_every_service_reports_what_went_and_what_remains_is_said(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert await shop.erase("monitor", "ticketing") == 0
    said = capsys.readouterr()
    rows = [line.split() for line in said.out.splitlines()[2:4]]
    assert rows == [["monitor", "2", "notes"], ["ticketing", "2", "notes"]]
    assert said.out.endswith("\n".join(remains()) + "\n")
    assert "monitor: erased" in said.err
    for database in shop.databases.values():
        async with database.connection() as connection:
            assert await connection.fetch("SELECT FROM notes") == []


async def test_the_fact_is_the_last_of_the_customer_in_every_partition(shop: Shop) -> None:
    """Another partitioner may have put the customer's states into any of them; each is compacted by itself."""
    await shop.erase("monitor", "ticketing")
    assert sorted(partition for partition, _ in shop.heard) == [0, 1, 2, 3]
    assert len({fact.id for _, fact in shop.heard}) == 1


async def test_one_that_does_not_report_in_time_is_named_and_the_exit_code_says_so(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    shop.urls["notifier"] = dead
    assert await shop.erase("monitor", within=3) == 1
    out = capsys.readouterr().out
    assert "monitor           2   notes" in out
    assert f"{shop.urls['ticketing']:<10}        ?   NOT ERASED YET: it has not heard of it yet" in out
    assert f"NOT ERASED YET: {dead} does not answer" in out


async def test_programs_get_a_line_of_json(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert await shop.erase("monitor", "ticketing", as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["erased"] is True
    services = [(each["service"], each["rows"]["notes"], each["trouble"]) for each in said["services"]]
    assert services == [("monitor", 2, None), ("ticketing", 2, None)]


async def test_a_second_erasure_reports_what_came_since_also_when_the_clocks_differ(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """A service may have taken the first for later than this machine's now."""
    for database in shop.databases.values():
        async with database.transaction() as tx:
            first = CustomerErased.of(CustomerErased.Data(), subject=ID, at=datetime.now(UTC))
            await hear(tx, [NOTES], [first])
            await tx.execute("UPDATE erasures SET erased_at = erased_at + interval '1 minute'")
    await shop.note("monitor", "came back")
    assert await shop.erase("monitor", "ticketing") == 0
    out = capsys.readouterr().out
    assert [line.split() for line in out.splitlines()[2:4]] == [["monitor", "1", "notes"], ["ticketing", "0", "it", "held", "nothing"]]


async def test_a_token_that_is_no_operators_publishes_nothing(shop: Shop) -> None:
    with pytest.raises(Failed, match="does not know this token"):
        await erase_on(Brokers(shop.kafka), list(shop.urls.values()), "nobody", ID)
    assert shop.heard == []


@pytest.mark.parametrize("customer_id", ["", "a" * 256, "a\nb", "a\0b"])
async def test_an_id_that_no_customer_can_have_publishes_nothing(shop: Shop, customer_id: str) -> None:
    with pytest.raises(Failed, match="no customer can have this id"):
        await erase_on(Brokers(shop.kafka), list(shop.urls.values()), TOKEN, customer_id)


@pytest.mark.parametrize(("typed", "meant"), [(ID, True), ("", False), ("zoë", False)])
def test_without_yes_the_id_is_typed_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed: str, meant: bool) -> None:
    (tmp_path / "stdin").write_text(f"{typed}\n")
    with (tmp_path / "stdin").open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert command.is_meant(ID) == meant


# ── export ───────────────────────────────────────────────────────────────────────────────────


async def test_an_export_is_json_that_cannot_move_the_cursor(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    await shop.note("monitor", *(f"{number:06}" * 10_000 for number in range(12)))
    assert await export_on(list(shop.urls.values()), TOKEN, ID, None) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    said = json.loads(out)
    assert [len(each["row"]["words"]) for each in said["services"]["monitor"]] == [60_000] * 12 + [9, 10]
    assert said["services"]["ticketing"] == [{"name": "notes", "row": {"words": each}} for each in ("likes tea", "“quoted” \u202e")]


async def test_a_file_is_for_its_owner_alone_and_none_is_written_over(shop: Shop, tmp_path: Path) -> None:
    out = tmp_path / "zoë.json"
    assert await export_on(list(shop.urls.values()), TOKEN, ID, out) == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "“quoted”" in out.read_text()
    with pytest.raises(Failed, match="is there already"):
        await export_on(list(shop.urls.values()), TOKEN, ID, out)


async def test_an_export_says_what_is_missing(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    assert await export_on([shop.urls["monitor"], dead], TOKEN, ID, None) == 1
    said = capsys.readouterr()
    assert list(json.loads(said.out)["services"]) == ["monitor"]
    assert json.loads(said.out)["missing"][0].startswith(dead)
    assert f"{dead} does not answer" in said.err
