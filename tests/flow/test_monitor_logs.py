"""Logs of OpenTelemetry come over HTTP in each encoding and packing, once, or are refused as its specification says."""

import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from services.monitor.api import logs, router
from services.monitor.api.logs import UNPACKED
from services.monitor.sources.otlp.model import Otlp
from services.monitor.sources.otlp.reading import RECORDS
from shared.events import Topic
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings
from tests.unit.monitor.sources.otlp.sending import in_json, in_protobuf, record, request

pytestmark = pytest.mark.asyncio

PROTOBUF, JSON = {"content-type": "application/x-protobuf"}, {"content-type": "application/json"}
GZIP = {"content-encoding": "gzip"}
PRODUCER = {"authorization": "Bearer producer-token"}


@pytest.fixture
async def exporter(fresh_database: Settings, monitor_database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    app = Service("monitor", fresh_database, monitor_database, routers=[router, logs.router_of(Otlp())]).app()
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://monitor", headers=PRODUCER) as client:
        yield client


async def sent_on(database: Database) -> list[dict[str, Any]]:
    """Returns the events on their way to Kafka, as they will be there, each with its key."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT topic, key, value FROM outbox ORDER BY id")
    assert {row["topic"] for row in rows} <= {Topic.PRODUCT_EVENTS}
    return [{**msgspec.json.decode(row["value"]), "key": row["key"].decode()} for row in rows]


async def now(database: Database) -> int:
    """Returns the database's time, in nanoseconds."""
    async with database.connection() as connection:
        return int((await connection.fetchval("SELECT clock()")).timestamp() * 1e9)


def message(answer: httpx2.Response) -> str:
    """Returns what a google.rpc.Status says, whose second field is the message."""
    if answer.headers["content-type"] == "application/json":
        return str(answer.json()["message"])
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert answer.content[0] == 0x12
    length = 2 if answer.content[1] < 0x80 else 3
    return answer.content[length:].decode()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("encode", "headers"), [(in_protobuf, PROTOBUF), (in_json, JSON)], ids=["protobuf", "json"])
async def test_errors_become_events_of_their_users_and_the_answer_is_empty(
    exporter: httpx2.AsyncClient, monitor_database: Database, encode: Any, headers: dict[str, str], packed: bool
) -> None:
    at = await now(monitor_database)
    body = encode(request(record(17, at, user_id="c-17"), record(9, at, user_id="c-18"), record(21, at)))
    answer = await exporter.post("/v1/logs", content=gzip.compress(body) if packed else body, headers=headers | (GZIP if packed else {}))
    assert (answer.status_code, answer.headers["content-type"]) == (200, headers["content-type"])
    assert answer.content == (b"" if headers is PROTOBUF else b"{}")
    found = await sent_on(monitor_database)
    assert [(each["key"], each["data"]["severity"]) for each in found] == [("c-17", "ERROR"), ("checkout", "FATAL")]


@pytest.mark.parametrize(("encode", "headers"), [(in_protobuf, PROTOBUF), (in_json, JSON)], ids=["protobuf", "json"])
async def test_what_is_sent_again_has_the_same_identity(
    exporter: httpx2.AsyncClient, monitor_database: Database, encode: Any, headers: dict[str, str]
) -> None:
    body = encode(request(record(17, await now(monitor_database), user_id="c-17")))
    for _ in range(2):
        assert (await exporter.post("/v1/logs", content=body, headers=headers)).status_code == 200
    first, second = await sent_on(monitor_database)
    assert first == second


async def test_records_that_can_be_no_event_are_rejected_and_counted_and_the_others_taken(
    exporter: httpx2.AsyncClient, monitor_database: Database
) -> None:
    said = request(record(17, 1), record(17, await now(monitor_database)))
    answer = await exporter.post("/v1/logs", content=in_json(said), headers=JSON)
    why = "1 of them: absurd_time: time: before 2000 or more than a day ahead"
    assert (answer.status_code, answer.json()) == (200, {"partialSuccess": {"rejectedLogRecords": "1", "errorMessage": why}})
    answer = await exporter.post("/v1/logs", content=in_protobuf(said), headers=PROTOBUF)
    partial = ExportLogsServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_log_records, partial.error_message) == (200, 1, why)
    assert len(await sent_on(monitor_database)) == 2
    async with monitor_database.connection() as connection:
        [row] = await connection.fetch("SELECT source, mapped, left_out, unmapped, bad FROM sources")
    assert tuple(row) == ("otlp", 2, 0, 2, 0)


BOMB = gzip.compress(b" " * (UNPACKED + 1), mtime=0)
DEEP = b'{"resourceLogs":[{"resource":{"attributes":[{"value":' + b'{"arrayValue":{"values":[' * 5000 + b"]}}" * 5000 + b"}]}}]}"


@pytest.mark.parametrize(
    ("body", "headers", "status", "why"),
    [
        (b"\xff\xff", PROTOBUF, 400, "not Protobuf"),
        (b"{", JSON, 400, "not JSON"),
        (DEEP, JSON, 400, "nested too deep|not JSON"),
        (b"not gzip", JSON | GZIP, 400, "not gzip"),
        (gzip.compress(b"{}", mtime=0)[:-4], JSON | GZIP, 400, "one whole gzip member"),
        (gzip.compress(b"{}", mtime=0) * 2, JSON | GZIP, 400, "one whole gzip member"),
        (BOMB, JSON | GZIP, 413, f"{UNPACKED} bytes"),
        (BOMB, PROTOBUF | GZIP, 413, f"{UNPACKED} bytes"),
        (gzip.compress(in_json(request(*[record(1)] * 1)), mtime=0), JSON | {"content-encoding": "br"}, 415, "gzip"),
        (b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[' + b"{}," * RECORDS + b"{}]}]}]}", JSON, 413, f"{RECORDS} log records"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_a_status_in_the_encoding_of_the_request(
    exporter: httpx2.AsyncClient, monitor_database: Database, body: bytes, headers: dict[str, str], status: int, why: str
) -> None:
    answer = await exporter.post("/v1/logs", content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, headers["content-type"])
    assert any(each in message(answer) for each in why.split("|")), message(answer)
    assert await sent_on(monitor_database) == []


async def test_another_type_is_refused_as_every_service_does(exporter: httpx2.AsyncClient) -> None:
    answer = await exporter.post("/v1/logs", content=b"a log line", headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()["detail"]) == (415, "send application/x-protobuf or application/json")


async def test_only_producers_may_send(exporter: httpx2.AsyncClient, monitor_database: Database) -> None:
    body = in_json(request(record(17, await now(monitor_database))))
    for who, status in (("nobody", 401), ("agent", 403), ("operator", 200)):
        answer = await exporter.post("/v1/logs", content=body, headers=JSON | {"authorization": f"Bearer {who}-token"})
        assert answer.status_code == status, who


async def test_while_the_database_is_away_the_exporter_is_asked_to_try_again(
    exporter: httpx2.AsyncClient, monitor_database: Database
) -> None:
    await monitor_database.close()
    answer = await exporter.post("/v1/logs", content=in_protobuf(request(record())), headers=PROTOBUF)
    assert (answer.status_code, answer.headers["retry-after"], message(answer)) == (503, "2", "the database is away, try again")
