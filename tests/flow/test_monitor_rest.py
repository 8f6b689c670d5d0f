"""monitor over HTTP: events come in every form CloudEvents has, once, or are refused with their reasons; each role may do its part."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx2
import msgspec
import pytest

from services.monitor.api import router
from services.monitor.api.backtests import backtests_router
from services.monitor.api.events import MAX_EVENTS
from services.monitor.api.rules import rules_router
from services.monitor.ruling import Ruling, written
from shared.cloudevents import MAX_BYTES, write_event
from shared.events import Topic
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings
from tests.builders import NOON, event
from tests.flow.stream_routes import STREAMS

pytestmark = pytest.mark.asyncio

OPEN_TO_ALL = {"/livez", "/readyz", "/metrics"}
READERS = {"agent", "operator"}
MAY = {
    **STREAMS,
    ("POST", "/v1/events"): {"producer", "operator"},
    ("GET", "/v1/incidents"): READERS,
    ("GET", "/v1/incidents/{incident_id}"): READERS,
    ("GET", "/v1/incidents/{incident_id}/impact"): READERS,
    ("POST", "/v1/incidents/{incident_id}/resolve"): READERS,
    ("POST", "/v1/incidents/{incident_id}/dismiss"): READERS,
    ("GET", "/v1/incidents/{incident_id}/story"): READERS,
    **{
        ("POST", f"/v1/incidents/{{incident_id}}/{act}"): READERS
        for act in ("approve", "acknowledge", "update", "severity", "merge", "split")
    },
    **{("POST", f"/v1/incidents/{{incident_id}}/customers/{act}"): READERS for act in ("add", "remove")},
    ("GET", "/v1/rules"): READERS,
    ("GET", "/v1/customers/{name}/names"): READERS,
    ("GET", "/v1/risks"): READERS,
    ("GET", "/v1/risks/{risk_id}"): READERS,
    ("POST", "/v1/risks/{risk_id}/clear"): READERS,
    ("GET", "/v1/incidents/{incident_id}/muted"): READERS,
    ("GET", "/v1/maintenance"): READERS,
    ("GET", "/v1/maintenance/{maintenance_id}"): READERS,
    ("POST", "/v1/maintenance"): {"operator"},
    ("POST", "/v1/maintenance/{maintenance_id}/change"): {"operator"},
    ("POST", "/v1/maintenance/{maintenance_id}/cancel"): {"operator"},
    ("POST", "/v1/rules/reload"): {"operator"},
    ("GET", "/v1/rules/published"): READERS,
    ("GET", "/v1/rules/published/{number}"): READERS,
    ("POST", "/v1/rules/publish"): {"operator"},
    ("POST", "/v1/rules/back-to-file"): {"operator"},
    ("GET", "/v1/backtests"): READERS,
    ("GET", "/v1/backtests/{backtest_id}"): READERS,
    ("POST", "/v1/backtests"): {"operator"},
}
RULES = written("rules: []", "rules.yml")
STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
BINARY = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/shop",
    "ce-type": "com.example.request",
    "ce-time": "2026-11-24T12:00:00Z",
    "ce-subject": "c-1",
}


@pytest.fixture
def app(fresh_database: Settings, monitor_database: Database) -> Any:
    ruling = Ruling(lambda: RULES)
    return Service("monitor", fresh_database, monitor_database, routers=[router, rules_router(ruling), backtests_router(ruling)]).app()


@pytest.fixture
async def anybody(app: Any) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://monitor") as client:
        yield client


@pytest.fixture
async def product(anybody: httpx2.AsyncClient) -> httpx2.AsyncClient:
    anybody.headers["authorization"] = "Bearer producer-token"
    return anybody


async def sent_on(database: Database) -> list[dict[str, Any]]:
    """Returns the events on their way to Kafka, as they will be there, each with its key."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT topic, key, value FROM outbox ORDER BY id")
    assert {row["topic"] for row in rows} <= {Topic.PRODUCT_EVENTS}
    return [{**msgspec.json.decode(row["value"]), "key": row["key"].decode()} for row in rows]


async def post(client: httpx2.AsyncClient, content: bytes, headers: dict[str, str] = STRUCTURED) -> httpx2.Response:
    return await client.post("/v1/events", content=content, headers=headers)


# ── who may ──────────────────────────────────────────────────────────────────────────────────


async def test_every_route_but_health_is_in_the_role_matrix(app: Any) -> None:
    paths = app.openapi()["paths"]
    assert {(method.upper(), path) for path, item in paths.items() if path not in OPEN_TO_ALL for method in item} == MAY.keys()


async def test_each_role_may_do_what_the_matrix_says_and_nothing_else(anybody: httpx2.AsyncClient) -> None:
    for (method, path), allowed in MAY.items():
        url = path.replace("{incident_id}", "i-1").replace("{risk_id}", "k-1").replace("{number}", "1")
        assert (await anybody.request(method, url)).status_code == 401
        answers = {
            who: (await anybody.request(method, url, headers={"authorization": f"Bearer {who}-token"})).status_code
            for who in ("nobody", "producer", "agent", "operator")
        }
        assert answers.pop("nobody") == 401
        assert {who for who, status in answers.items() if status != 403} == allowed, (method, path)


async def test_whoever_may_not_is_refused_before_the_body_is_looked_at(anybody: httpx2.AsyncClient, monitor_database: Database) -> None:
    refused = await post(anybody, write_event(event()))
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert refused.headers["content-type"] == "application/problem+json"
    assert await sent_on(monitor_database) == []


# ── events ───────────────────────────────────────────────────────────────────────────────────


async def test_one_event_in_structured_mode(product: httpx2.AsyncClient, monitor_database: Database) -> None:
    answer = await post(product, write_event(event("7", subject="c-17")))
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    [sent] = await sent_on(monitor_database)
    assert (sent["id"], sent["subject"], sent["key"], sent["data"]["component"]) == ("7", "c-17", "c-17", "checkout")


async def test_one_event_in_binary_mode(product: httpx2.AsyncClient, monitor_database: Database) -> None:
    assert (await post(product, b'{"component": "checkout", "ok": false}', BINARY)).status_code == 202
    [sent] = await sent_on(monitor_database)
    assert (sent["id"], sent["time"], sent["data"]) == ("1", "2026-11-24T12:00:00Z", {"component": "checkout", "ok": False})


async def test_binary_data_may_be_an_array(product: httpx2.AsyncClient, monitor_database: Database) -> None:
    assert (await post(product, b"[1, 2]", BINARY)).json() == {"accepted": 1}
    assert [sent["data"] for sent in await sent_on(monitor_database)] == [[1, 2]]


async def test_header_values_are_percent_encoded(product: httpx2.AsyncClient, monitor_database: Database) -> None:
    await post(product, b"{}", {**BINARY, "ce-subject": quote("Zoë 100%")})
    assert [sent["subject"] for sent in await sent_on(monitor_database)] == ["Zoë 100%"]


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        ('"Ada Lovelace"', "Ada Lovelace"),
        (r'"a \"quoted\" \\ name"', r'a "quoted" \ name'),
        ('"Zo%C3%AB"', "Zoë"),
        (r'"100\%25"', "100%"),
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("%41%2525", "A%25"),
        ('W/"1"', 'W/"1"'),
    ],
)
async def test_header_values_are_unquoted_then_percent_decoded_once(
    product: httpx2.AsyncClient, monitor_database: Database, header: str, subject: str
) -> None:
    assert (await post(product, b"{}", {**BINARY, "ce-subject": header})).status_code == 202
    assert [sent["subject"] for sent in await sent_on(monitor_database)] == [subject]


@pytest.mark.parametrize("header", ["%", "100%", "%4", "%zz", "%C0%A0", "%ED%A0%80", "%FF", '"', '"open', r'"open\"', '"a"b"', '"%"'])
async def test_a_header_value_that_cannot_be_decoded_is_refused_with_its_reason(product: httpx2.AsyncClient, header: str) -> None:
    answer = await post(product, b"{}", {**BINARY, "ce-subject": header})
    assert answer.status_code == 400
    assert [(error["index"], error["reason"]) for error in answer.json()["errors"]] == [(0, "bad_header")]


async def test_an_event_without_a_content_type_is_json(product: httpx2.AsyncClient, monitor_database: Database) -> None:
    headers = {name: value for name, value in BINARY.items() if name != "content-type"}
    for without in (headers, {**headers, "content-type": ""}):
        assert (await post(product, b'{"component": "checkout"}', without)).status_code == 202
    assert [(sent["data"], "datacontenttype" in sent) for sent in await sent_on(monitor_database)] == [
        ({"component": "checkout"}, False)
    ] * 2
    refused = await post(product, b"component: checkout", headers)
    assert (refused.status_code, refused.json()["errors"][0]["reason"]) == (400, "not_json")


async def test_an_event_without_a_time_happened_when_it_came(product: httpx2.AsyncClient, monitor_database: Database) -> None:
    async with monitor_database.connection() as connection:
        body = f"SELECT timestamptz '{NOON.isoformat()}'"
        await connection.execute(f"CREATE OR REPLACE FUNCTION clock() RETURNS timestamptz LANGUAGE sql STABLE AS $$ {body} $$")
    without = {name: value for name, value in BINARY.items() if name != "ce-time"}
    batch = b"[" + write_event(event()).replace(b'"time":"2026-11-24T12:00:00Z",', b"") + b"]"
    assert (await post(product, b"{}", without)).status_code == 202
    assert (await post(product, batch, BATCH)).status_code == 202
    assert [sent["time"] for sent in await sent_on(monitor_database)] == ["2026-11-24T12:00:00Z"] * 2


async def test_several_events_at_once(product: httpx2.AsyncClient, monitor_database: Database) -> None:
    batch = b"[" + b",".join(write_event(event(str(number))) for number in range(100)) + b"]"
    for headers in (BATCH, {"content-type": "application/json"}):
        assert (await post(product, batch, headers)).json() == {"accepted": 100}
    assert [sent["id"] for sent in await sent_on(monitor_database)] == [str(number) for number in range(100)] * 2


async def test_an_event_without_a_customer_is_keyed_by_its_component_or_else_its_source(
    product: httpx2.AsyncClient, monitor_database: Database
) -> None:
    for data in ({"component": "checkout"}, {"component": 7}, {"host": "web-3"}):
        await post(product, write_event(event(subject=None, data=data)))
    assert [sent["key"] for sent in await sent_on(monitor_database)] == ["checkout", "/shop", "/shop"]


GOOD = write_event(event())
REFUSED = {
    "empty": (b"", STRUCTURED),
    "not_json": (b"{", STRUCTURED),
    "not_cloudevent": (b'{"id": "1"}', STRUCTURED),
    "wrong_type": (GOOD.replace(b'"id":"1"', b'"id":1'), STRUCTURED),
    "control_character": (GOOD.replace(b'"c-1"', b'"c\\u0000"'), STRUCTURED),
    "absurd_time": (GOOD.replace(b"2026", b"1999"), STRUCTURED),
    "bad_header": (b"{}", {**BINARY, "ce-subject": "%FF"}),
    "too_large": (b"x" * (MAX_BYTES * 4 // 5), {**BINARY, "content-type": "application/octet-stream"}),  # as text it is longer
}


async def test_an_event_that_cannot_be_read_is_refused_with_its_reason(product: httpx2.AsyncClient) -> None:
    for reason, (content, headers) in REFUSED.items():
        answer = await post(product, content, headers)
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
        assert [(error["index"], error["reason"]) for error in answer.json()["errors"]] == [(0, reason)]


async def test_of_a_batch_with_bad_events_none_is_accepted_and_each_bad_one_named(
    product: httpx2.AsyncClient, monitor_database: Database
) -> None:
    answer = await post(product, b'[%s, 7, {"id": "1"}, %s]' % (GOOD, GOOD), BATCH)
    assert answer.status_code == 400
    assert [(error["index"], error["reason"]) for error in answer.json()["errors"]] == [(1, "not_cloudevent"), (2, "not_cloudevent")]
    assert await sent_on(monitor_database) == []


async def test_a_mebibyte_of_what_are_no_events_is_answered_in_a_few_bytes(product: httpx2.AsyncClient, monitor_database: Database) -> None:
    for each in (b"1", b"{}", b"[]", b'""', b"null"):
        batch = b"[" + b",".join([each] * (MAX_BYTES // (len(each) + 1) - 1)) + b"]"
        answer = await post(product, batch, BATCH)
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
        assert "1000 events" in answer.json()["detail"]
        assert len(answer.content) < 1_000
    assert await sent_on(monitor_database) == []


async def test_a_batch_may_have_a_thousand_events_and_of_a_thousand_bad_ones_twenty_are_named(
    product: httpx2.AsyncClient, monitor_database: Database
) -> None:
    answer = await post(product, b"[" + b",".join([b"7"] * MAX_EVENTS) + b"]", BATCH)
    assert (answer.status_code, answer.json()["error_count"]) == (400, MAX_EVENTS)
    assert [error["index"] for error in answer.json()["errors"]] == list(range(20))
    assert len(answer.content) < 10_000
    good = [write_event(event(str(number), data={})) for number in range(MAX_EVENTS)]
    assert (await post(product, b"[" + b",".join([*good, good[0]]) + b"]", BATCH)).status_code == 413
    assert (await post(product, b"[" + b",".join(good) + b"]", BATCH)).json() == {"accepted": MAX_EVENTS}
    assert (await post(product, b"[]", BATCH)).json() == {"accepted": 0}
    assert len(await sent_on(monitor_database)) == MAX_EVENTS


async def test_what_an_event_has_in_it_is_not_echoed_at_length(product: httpx2.AsyncClient) -> None:
    for content in (
        GOOD.replace(b'"com.example.request"', b'"%s"' % (b"x" * 900_000)),
        GOOD.replace(b'"2026-11-24T12:00:00Z"', b'"%s"' % (b"x" * 900_000)),
        b'{"specversion":"1.0","%s":1}' % (b"x" * 900_000),
        GOOD.replace(b'"specversion":"1.0"', b'"specversion":"%s"' % (b"9" * 900_000)),
    ):
        answer = await post(product, content)
        assert (answer.status_code, len(answer.content) < 2_000) == (400, True), answer.text[:300]


async def test_a_batch_that_is_no_array_is_refused(product: httpx2.AsyncClient) -> None:
    for content in (b"[", b"[1,]", b"{}", b"", b"[\xff]", b"[" * 100_000):
        answer = await post(product, content, BATCH)
        assert (answer.status_code, answer.json()["reason"]) == (400, "not_json"), content[:9]


@pytest.mark.parametrize("declared", [True, False])
async def test_more_than_a_mebibyte_is_refused(declared: bool, product: httpx2.AsyncClient, monitor_database: Database) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b" " * (MAX_BYTES // 16)

    body: Any = b" " * (MAX_BYTES + 1) if declared else pieces()
    assert (await post(product, body)).status_code == 413
    assert await sent_on(monitor_database) == []


async def test_a_key_makes_events_come_once(product: httpx2.AsyncClient, monitor_database: Database) -> None:
    headers = {**STRUCTURED, "Idempotency-Key": "k-1"}
    first, second = await post(product, GOOD, headers), await post(product, GOOD, headers)
    assert (second.status_code, second.json()) == (first.status_code, first.json()) == (202, {"accepted": 1})
    assert second.headers["idempotency-replayed"] == "true"
    assert len(await sent_on(monitor_database)) == 1
    assert (await post(product, write_event(event("2")), headers)).status_code == 422
