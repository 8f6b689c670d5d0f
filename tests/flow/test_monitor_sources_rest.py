"""What became of each source's records is read over HTTP, without what they hold, and another mapping is tried on the latest."""

import json
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import httpx2
import pytest

from services.monitor.api.sources import sources_router
from services.monitor.hearing import sources as hearing
from services.monitor.sources.file import Source, SourcesFile
from services.monitor.sources.reading import Record
from shared.configuration.files import load
from shared.failed import Failed
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings
from tests.fakes import FakeConsumer, FakeTopics
from tests.unit.monitor.sources.writing import ORDERS, order

pytestmark = pytest.mark.asyncio

SHOP = "shop.orders"
SECRET = "ada@example.org"


class Held(NamedTuple):
    topic: str
    offset: int
    value: bytes
    partition: int = 0
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = 1_764_000_000_000


class Door:
    """monitor's REST with one source, whose topic holds `records`."""

    def __init__(self, file: SourcesFile, settings: Settings, database: Database) -> None:
        self.records: list[dict[str, Any]] = []
        self.away = False
        app = Service("monitor", settings, database, routers=[sources_router(file, self._latest)]).app()
        self._transport = httpx2.ASGITransport(app)

    async def _latest(self, topic: str, last: int) -> Sequence[Record]:
        if self.away:
            raise Failed("away")
        return [Held(topic, number, json.dumps(each).encode()) for number, each in enumerate(self.records)][-last:]

    async def ask(self, method: str, path: str, body: Any = None, role: str = "operator") -> httpx2.Response:
        headers = {"authorization": f"Bearer {role}-token"}
        async with httpx2.AsyncClient(transport=self._transport, base_url="http://monitor", headers=headers) as client:
            return await client.request(method, path, json=body)


@pytest.fixture
def file(tmp_path: Path) -> SourcesFile:
    (tmp_path / "sources.yml").write_text(dedent(ORDERS))
    return load(tmp_path / "sources.yml", SourcesFile)


@pytest.fixture
def door(file: SourcesFile, fresh_database: Settings, monitor_database: Database) -> Door:
    return Door(file, fresh_database, monitor_database)


async def test_what_became_of_records_is_counted_with_the_offset_and_told_without_what_they_say(
    door: Door, file: SourcesFile, monitor_database: Database
) -> None:
    # Given a topic with what maps, what is left out, what fits nowhere and what is no JSON
    topics = FakeTopics(2)
    said = [order(1, "c-1"), order(2, "c-2"), order(3, "c-3", "CREATED"), order(4, SECRET) | {"ts": SECRET, SECRET: [{"a": True}]}]
    for each in said:
        topics.put(SHOP, json.dumps(each).encode(), partition=1)
    topics.put(SHOP, f"nonsense of {SECRET}".encode(), partition=1)
    [stream] = hearing.streams(file, monitor_database, {each: topics.forward(each) for each in hearing.TO})
    consumer = FakeConsumer(topics, stream)
    await consumer.assign()
    while await consumer.turn():
        pass
    # When an agent looks
    answer = await door.ask("GET", "/v1/sources", role="agent")
    # Then each is counted once, and what is wrong is said by names of fields
    shop, otlp = answer.json()["sources"]
    assert {name: shop[name] for name in ("source", "mapped", "left_out", "unmapped", "bad")} == {
        "source": "topic/shop.orders",
        "mapped": 2,
        "left_out": 1,
        "unmapped": 1,
        "bad": 1,
    }
    assert (otlp["kind"], otlp["last_at"], shop["last_at"] is not None) == ("otlp", None, True)
    assert Source.model_validate({**shop["mapping"], "topic": SHOP}) == file.sources[0]
    reasons = {each["reason"]: each for each in shop["reasons"]}
    assert (reasons["no_time"]["place"], reasons["no_time"]["records"]) == ("partition 1 offset 3", 1)
    shape = json.loads(reasons["no_time"]["shape"])
    assert (shape["ts"], shape["*"], shape["user"]) == ("text", [{"a": "true or false"}], {"id": "text"})
    assert reasons["not_json"]["shape"] == ""
    assert SECRET not in answer.text


async def test_a_mapping_is_tried_on_the_latest_records_and_changes_nothing(door: Door) -> None:
    door.records = [order(1, "c-1"), order(2, "c-2", "CREATED"), order(3, "c-3") | {"ts": "soon"}]
    in_force = (await door.ask("POST", "/v1/sources/try", {"topic": SHOP})).json()
    assert {name: in_force[name] for name in ("records", "mapped", "left_out", "refused")} == {
        "records": 3,
        "mapped": 1,
        "left_out": 1,
        "refused": 1,
    }
    assert (in_force["types"], in_force["events"][0]["subject"]) == ({"com.example.request": 1}, "c-1")
    [wrong] = in_force["reasons"]
    assert (wrong["reason"], wrong["examples"][0]["place"], "soon" in json.dumps(wrong)) == ("no_time", "partition 0 offset 2", False)
    mapping = {"events": [{"type": "com.example.order", "subject": "{user.id}"}]}
    other = (await door.ask("POST", "/v1/sources/try", {"topic": SHOP, "mapping": mapping, "last": 2})).json()
    assert (other["mapped"], other["types"]) == (2, {"com.example.order": 2})
    [shop, _] = (await door.ask("GET", "/v1/sources")).json()["sources"]
    assert (shop["since"], shop["mapped"]) == (None, 0)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"topic": "other"}, 404, "no source"),
        ({"topic": SHOP, "mapping": {"events": []}}, 422, "events"),
        ({"topic": SHOP, "mapping": {"events": [{"type": "x", "colour": "red"}]}}, 422, "events.0.colour"),
        ({"topic": SHOP, "last": 501}, 422, "last"),
    ],
)
async def test_what_cannot_be_tried_is_refused_with_its_reason(door: Door, body: dict[str, Any], status: int, says: str) -> None:
    answer = await door.ask("POST", "/v1/sources/try", body)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text


async def test_who_may_not_and_a_kafka_that_is_away(door: Door) -> None:
    assert (await door.ask("POST", "/v1/sources/try", {"topic": SHOP}, role="agent")).status_code == 403
    assert (await door.ask("GET", "/v1/sources", role="producer")).status_code == 403
    door.away = True
    assert (await door.ask("POST", "/v1/sources/try", {"topic": SHOP})).status_code == 503
