"""These are messages as they come, in both modes, for the tests of what is read and what is refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.cloudevents import Headers, Reason, Undecodable, read_event, read_fact
from shared.events import FACT_OF

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
STAMP = int(NOW.timestamp() * 1000)
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "7c2e",
    "source": "/shop/web-3",
    "type": "com.example.request",
    "time": "2026-11-24T10:00:00.123Z",
    "subject": "c-17",
    "data": {"component": "checkout", "ok": False, "latency_ms": 812},
}
CUSTOMER: dict[str, Any] = {
    **{name: EVENT[name] for name in ("specversion", "id", "source", "time", "subject")},
    "type": "forewarn.customer.updated.v1",
    "data": {"name": "Ada", "contacts": [{"channel": "email", "address": "ada@example.org"}], "revenue": 1200, "renews_at": "2027-01-31"},
}


def structured(*without: str, **changes: Any) -> bytes:
    return json.dumps({name: held for name, held in {**EVENT, **changes}.items() if name not in without}).encode()


def customer(**data: Any) -> bytes:
    return json.dumps({**CUSTOMER, "data": {**CUSTOMER["data"], **data}}).encode()


def binary(*without: str, **changes: str) -> list[tuple[str, bytes]]:
    attributes = {name: held for name, held in {**EVENT, **changes}.items() if name not in (*without, "data")}
    return [(f"ce_{name}", held.encode()) for name, held in attributes.items()]


def refused(value: bytes | None, headers: Headers = ()) -> Reason:
    with pytest.raises(Undecodable) as refusal:
        read_event(value, headers, NOW)
    return refusal.value.reason


def refused_fact(value: bytes | None, headers: Headers = ()) -> Undecodable:
    with pytest.raises(Undecodable) as refusal:
        read_fact(value, headers, NOW, FACT_OF)
    return refusal.value
