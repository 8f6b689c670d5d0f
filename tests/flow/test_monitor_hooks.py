"""Webhooks of other systems come in by their own secret, all or nothing, and are answered when they are stored."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx2
import msgspec
import pytest

from services.monitor import metrics
from services.monitor.__main__ import service
from services.monitor.aggregates.alerts import ALERT_REPORTED
from services.monitor.settings import MonitorSettings
from shared.cloudevents import MAX_BYTES
from shared.configuration.files import ConfigError
from shared.events import Topic
from shared.postgres import Database
from shared.settings import Settings
from tests.figures import value
from tests.unit.monitor.sources.hooks.sending import bearer, signed
from tests.unit.monitor.sources.hooks.test_alertmanager import alert, group

pytestmark = pytest.mark.asyncio

SECRETS = {
    "alertmanager": "of-alertmanager-4711\nof-alertmanager-4712\n",
    "carrier": "of-carrier-0815-xyz",
    "grafana": "of-grafana-1234-xyz",
    "pager": "of-pager-5678-xyz",
}
OURS = "of-alertmanager-4711"
HOOKS = """
    hooks:
      - {name: alertmanager, kind: alertmanager, secret: alertmanager}
      - {name: pager, kind: pagerduty, secret: pager}
      - {name: grafana, kind: grafana, secret: grafana, signature: {header: X-Sign, timestamp: X-At}}
      - name: carrier
        kind: json
        secret: carrier
        signature: {header: X-Sign}
        each: parcels
        events: [{type: com.example.parcel, subject: "{each.to}", data: {component: shipping}}]
"""


def settings(fresh_database: Settings, folder: Path, said: str = HOOKS, **more: Any) -> MonitorSettings:
    """Returns settings with these hooks and their secrets."""
    (folder / "sources.yml").write_text(dedent(said))
    (folder / "secrets").mkdir(exist_ok=True)
    for name, secret in SECRETS.items():
        (folder / "secrets" / name).write_text(secret)
    given = {name: held for name, held in fresh_database if name in Settings.model_fields}
    return MonitorSettings(**{**given, "own_config_dir": str(folder), "hooks_dir": str(folder / "secrets"), **more})


@pytest.fixture
async def outside(fresh_database: Settings, monitor_database: Database, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """Yields a client without any token, of monitor as it is wired."""
    monitor = service(settings(fresh_database, tmp_path))
    monitor.database = monitor_database
    transport = httpx2.ASGITransport(monitor.app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://monitor") as client:
        yield client


async def sent_on(database: Database) -> list[dict[str, Any]]:
    """Returns the events on their way to Kafka, each with its key."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT topic, key, value FROM outbox ORDER BY id")
    assert {row["topic"] for row in rows} <= {Topic.PRODUCT_EVENTS}
    return [{**msgspec.json.decode(row["value"]), "key": row["key"].decode()} for row in rows]


def recent(**changes: Any) -> dict[str, Any]:
    return alert(startsAt=(datetime.now(UTC) - timedelta(minutes=1)).isoformat(), **changes)


def asked(hook: str, outcome: str) -> float:
    return value(metrics.HOOK_REQUESTS.labels(hook, outcome))


async def test_a_group_of_alerts_is_answered_once_it_is_stored(outside: httpx2.AsyncClient, monitor_database: Database) -> None:
    before, cut = asked("alertmanager", "accepted"), value(metrics.HOOK_EVENTS.labels("alertmanager", "truncated"))
    body = group(recent(), recent(fingerprint="2b"), recent(labels={"alertname": "Watchdog"}), truncatedAlerts=3)
    answer = await outside.post("/v1/hooks/alertmanager", json=body, headers=bearer(OURS))
    assert (answer.status_code, answer.json()) == (202, {"status": "success", "accepted": 2, "left_out": {"no_component": 1}})
    sent = await sent_on(monitor_database)
    assert [(each["type"], each["key"], each["data"]["key"]) for each in sent] == [
        (ALERT_REPORTED, "checkout", "1a30ba71cca2921f"),
        (ALERT_REPORTED, "checkout", "2b"),
    ]
    assert asked("alertmanager", "accepted") == before + 1
    assert value(metrics.HOOK_EVENTS.labels("alertmanager", "truncated")) == cut + 3


async def test_what_became_of_signed_requests_is_counted_and_nothing_of_others(
    outside: httpx2.AsyncClient, monitor_database: Database
) -> None:
    body = group(recent(), recent(labels={"alertname": "Watchdog"}))
    for said, secret in ((body, OURS), (body, "nobody's-secret-0815"), ({"alerts": "many"}, OURS)):
        await outside.post("/v1/hooks/alertmanager", json=said, headers=bearer(secret))
    async with monitor_database.connection() as connection:
        [row] = await connection.fetch("SELECT source, mapped, left_out, unmapped, bad FROM sources")
        [why] = await connection.fetch("SELECT reason, records FROM source_reasons")
    assert tuple(row) == ("hook/alertmanager", 1, 1, 0, 1)
    assert tuple(why) == ("wrong_type", 1)


async def test_a_group_that_two_send_is_the_same_events(outside: httpx2.AsyncClient, monitor_database: Database) -> None:
    body = group(recent())
    pair = [outside.post("/v1/hooks/alertmanager", json=body | {"receiver": name}, headers=bearer(OURS)) for name in ("a", "b")]
    assert {answer.status_code for answer in await asyncio.gather(*pair)} == {202}
    [one, other] = await sent_on(monitor_database)
    assert one == other


async def test_two_secrets_count_while_they_are_rotated(outside: httpx2.AsyncClient) -> None:
    for secret in SECRETS["alertmanager"].split():
        assert (await outside.post("/v1/hooks/alertmanager", json=group(), headers=bearer(secret))).status_code == 202


def trigger(**changes: Any) -> dict[str, Any]:
    """Returns what a sender of PagerDuty's form says without a moment."""
    payload = {"summary": "Disk full", "source": "db-1", "severity": "critical", "component": "search"}
    return {"routing_key": SECRETS["pager"], "event_action": "trigger", "dedup_key": "disk", "payload": payload, **changes}


async def test_an_alert_is_known_by_its_key_until_it_ends_and_its_end_too(outside: httpx2.AsyncClient, monitor_database: Database) -> None:
    ends = {"event_action": "resolve", "payload": None}
    for body in (trigger(), trigger(), trigger(**ends), trigger(**ends), trigger(dedup_key="x" * 300, **ends)):
        answer = await outside.post("/v1/hooks/pager", json=body)
        assert (answer.status_code, answer.json()["dedup_key"]) == (202, body["dedup_key"])
    assert answer.json()["left_out"] == {"no_component": 1}
    first, second, ended, again = await sent_on(monitor_database)
    assert first == second
    assert ended == again
    assert (ended["data"]["status"], ended["key"], ended["data"]["starts_at"]) == ("resolved", "search", first["data"]["starts_at"])
    async with monitor_database.connection() as connection:
        [row] = await connection.fetch("SELECT * FROM hook_alerts")
    assert (row["hook"], row["key"], row["component"]) == ("pager", "disk", "search")


async def test_a_key_that_cannot_be_stored_is_refused(outside: httpx2.AsyncClient, monitor_database: Database) -> None:
    answer = await outside.post("/v1/hooks/pager", json=trigger(dedup_key="a\0b"))
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert await sent_on(monitor_database) == []


async def test_first_triggers_at_the_same_moment_are_one_alert(outside: httpx2.AsyncClient, monitor_database: Database) -> None:
    answers = await asyncio.gather(*[outside.post("/v1/hooks/pager", json=trigger()) for _ in range(8)])
    assert {answer.status_code for answer in answers} == {202}
    assert len({each["id"] for each in await sent_on(monitor_database)}) == 1


async def test_what_is_not_signed_is_401_and_nothing_is_written(outside: httpx2.AsyncClient, monitor_database: Database) -> None:
    before = asked("alertmanager", "refused")
    strangers: tuple[dict[str, str], ...] = (
        {},
        bearer("wrong"),
        bearer("operator-token"),
        bearer("producer-token"),
        bearer(SECRETS["carrier"]),
    )
    for headers in strangers:
        answer = await outside.post("/v1/hooks/alertmanager", json=group(recent()), headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert asked("alertmanager", "refused") == before + len(strangers)
    assert await sent_on(monitor_database) == []


async def test_a_signature_counts_for_five_minutes_of_the_databases_clock(outside: httpx2.AsyncClient, monitor_database: Database) -> None:
    async with monitor_database.connection() as connection:
        now = int((await connection.fetchval("SELECT clock()")).timestamp())
    raw = json.dumps(group(recent())).encode()
    for at, status in ((now, 202), (now - 200, 202), (now - 400, 401), (now + 400, 401)):
        signature = signed(b"%d:" % at + raw, SECRETS["grafana"])
        answer = await outside.post("/v1/hooks/grafana", content=raw, headers={"X-Sign": signature, "X-At": str(at)})
        assert answer.status_code == status, (at - now, answer.text)
    assert len(await sent_on(monitor_database)) == 2


async def test_where_no_hook_is_called_so_a_stranger_needs_a_token_and_a_producer_learns_it(outside: httpx2.AsyncClient) -> None:
    path = "/v1/hooks/nothing"
    statuses = {who: (await outside.post(path, headers=bearer(f"{who}-token"))).status_code for who in ("producer", "agent", "operator")}
    assert statuses == {"producer": 404, "agent": 403, "operator": 404}
    for path in ("/v1/hooks/nothing", "/v1/hooks/", "/v1/hooks/alertmanager/", "/v1/hooks/alertmanager/x", "/v1/hooks/../events"):
        assert (await outside.post(path, headers=bearer(OURS))).status_code == 401, path
    assert (await outside.get("/v1/hooks/alertmanager")).status_code == 405


async def post_parcels(outside: httpx2.AsyncClient, raw: bytes, **headers: str) -> httpx2.Response:
    """Posts what the carrier signs."""
    return await outside.post("/v1/hooks/carrier", content=raw, headers={"X-Sign": signed(raw, SECRETS["carrier"]), **headers})


async def test_of_several_events_all_come_in_or_none(outside: httpx2.AsyncClient, monitor_database: Database) -> None:
    before = asked("carrier", "malformed")
    answer = await post_parcels(outside, b'{"parcels": [{"to": "c-1"}, {"to": {"id": "c-2"}}, {"to": "c-3"}]}')
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["errors"] == [{"reason": "wrong_value", "detail": "{each.to}"}]
    assert await sent_on(monitor_database) == []
    assert asked("carrier", "malformed") == before + 1
    assert (await post_parcels(outside, b'{"parcels": [{"to": "c-1"}, {"to": "c-3"}]}')).json()["accepted"] == 2
    assert [each["subject"] for each in await sent_on(monitor_database)] == ["c-1", "c-3"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b"{", "not_json"),
        (b"\xff", "not_json"),
        (b'"text"', "wrong_type"),
        (b'{"parcels":' + b"[" * 200 + b"]" * 200 + b"}", "not_json"),
    ],
)
async def test_what_cannot_be_read_is_400_with_its_reason(
    outside: httpx2.AsyncClient, monitor_database: Database, raw: bytes, reason: str
) -> None:
    answer = await post_parcels(outside, raw)
    assert (answer.status_code, answer.json()["reason"]) == (400, reason)
    assert await sent_on(monitor_database) == []


async def test_a_shape_that_is_another_is_400_and_says_where(outside: httpx2.AsyncClient) -> None:
    answer = await outside.post("/v1/hooks/alertmanager", json=group({"status": "firing"}), headers=bearer(OURS))
    assert (answer.status_code, "$.alerts[0]" in answer.json()["detail"]) == (400, True)


async def test_gzip_is_unpacked_and_its_signature_is_over_what_came(outside: httpx2.AsyncClient, monitor_database: Database) -> None:
    packed = gzip.compress(b'{"parcels": [{"to": "c-1"}]}')
    assert (await post_parcels(outside, packed, **{"content-encoding": "gzip"})).status_code == 202
    bomb = gzip.compress(b" " * (20 * MAX_BYTES))
    assert (await post_parcels(outside, bomb, **{"content-encoding": "gzip"})).status_code == 413
    assert len(await sent_on(monitor_database)) == 1


async def test_a_body_above_the_limit_is_413_before_anything_is_read(outside: httpx2.AsyncClient) -> None:
    assert (await outside.post("/v1/hooks/alertmanager", content=b" " * (MAX_BYTES + 1), headers=bearer(OURS))).status_code == 413
    body = group(*[recent(fingerprint=str(number)) for number in range(1_500)])
    assert 500_000 < len(json.dumps(body)) < MAX_BYTES
    assert (await outside.post("/v1/hooks/alertmanager", json=body, headers=bearer(OURS))).json()["accepted"] == 1_500


async def test_large_bodies_of_strangers_push_out_no_producer(fresh_database: Settings, monitor_database: Database, tmp_path: Path) -> None:
    monitor = service(settings(fresh_database, tmp_path, http_bodies=4))
    monitor.database = monitor_database
    begun, end = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b" " * 20_000
        begun.set()
        await end.wait()

    event = msgspec.json.encode({"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": "x" * 20_000})
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(monitor.app()), base_url="http://monitor") as client:
        stranger = asyncio.create_task(client.post("/v1/hooks/alertmanager", content=slowly()))
        await asyncio.wait_for(begun.wait(), 10)
        for _ in range(3):
            second = await client.post("/v1/hooks/carrier", content=b" " * 20_000)
            assert (second.status_code, "retry-after" in second.headers) == (503, True)
        assert (await client.post("/v1/events", content=event, headers=bearer("producer-token"))).status_code == 202
        end.set()
        assert (await stranger).status_code == 401


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"hooks_dir": ""}, "hook alertmanager: .* cannot be read"),
        ({"hooks_dir": "/nowhere"}, "hook alertmanager: .* cannot be read"),
    ],
)
async def test_a_hook_without_its_secret_stops_the_start(
    fresh_database: Settings, tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        service(settings(fresh_database, tmp_path, **change))


@pytest.mark.parametrize(
    ("held", "why"),
    [
        ("", "has 0 secrets"),
        ("one\ntwo\nthree", "has 3 secrets"),
        ("5h0rt", "is too short"),
        ("two words of a secret 4711", "has spaces"),
        ("changeme-secret-token", "is a well-known default"),
        (SECRETS["carrier"], "secret alertmanager of hooks, line 1 and secret carrier of hooks, line 1 are equal"),
    ],
)
async def test_outside_demo_a_secret_that_is_none_stops_the_start(fresh_database: Settings, tmp_path: Path, held: str, why: str) -> None:
    good = {f"{role}_token": f"{role}-{'0123456789abcdef' * 2}" for role in ("producer", "agent", "operator")}
    made = settings(fresh_database, tmp_path, **good, database_password="database-" + "02468ace13579bdf" * 2, environment="production")
    service(made)
    (tmp_path / "secrets" / "alertmanager").write_text(held)
    with pytest.raises(ConfigError, match=why) as error:
        service(made)
    assert not held or held not in str(error.value)
