"""Messages of the outbox event router, as its documentation shows them, are read however the payload is wrapped or escaped."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.monitor.sources.reading import Reader
from shared.cloudevents import Reason, Undecodable
from tests.unit.monitor.sources.writing import NOW, Written, read, source

ORDERS = """
    sources:
      - topic: outbox.event.order
        format: debezium-outbox
        events:
          - type: com.example.order
            subject: "{payload.customerId}"
            data:
              order: "{outbox.key}"
              kind: {from: ["{eventType}", "{kafka.header.eventType}"]}
              first: "{payload.lineItems.0.item}"
"""
ID = ("id", b"4d47e190-0402-4048-bc2c-89dd54343cdc")
PAYLOAD = {
    "id": 1,
    "lineItems": [{"id": 1, "item": "Debezium in Action", "status": "ENTERED", "quantity": 2, "totalPrice": 39.98}],
    "orderDate": "2019-01-31T12:13:01",
    "customerId": 123,
}
ESCAPED = json.dumps(PAYLOAD)
SCHEMA = {"type": "string", "optional": False}


def event(folder: Path, said: Any, key: bytes = b"1", headers: list[tuple[str, bytes]] | None = None) -> dict[str, Any]:
    [one] = read(source(folder, ORDERS), said, topic="outbox.event.order", key=key, headers=[ID] if headers is None else headers)
    assert isinstance(one, dict), one
    return one


@pytest.mark.parametrize(
    "said",
    [
        PAYLOAD,
        ESCAPED,
        {"schema": SCHEMA, "payload": ESCAPED},
        {"schema": SCHEMA, "payload": PAYLOAD},
        {"payload": ESCAPED},
        {"payload": PAYLOAD},
        {"schema": SCHEMA, "payload": {"payload": ESCAPED}},
    ],
    ids=["expanded", "escaped", "escaped in a schema", "expanded in a schema", "escaped envelope", "envelope", "envelope in a schema"],
)
def test_a_message_is_read_however_it_is_wrapped(tmp_path: Path, said: Any) -> None:
    found = event(tmp_path, said)
    assert (found["id"], found["subject"]) == ("4d47e190-0402-4048-bc2c-89dd54343cdc", "123")
    assert found["data"] == {"order": "1", "first": "Debezium in Action"}
    assert found["time"] == "2026-11-26T12:00:00+00:00"


def test_further_columns_stand_in_the_envelope_or_in_headers(tmp_path: Path) -> None:
    assert event(tmp_path, {"payload": ESCAPED, "eventType": "order-created"})["data"]["kind"] == "order-created"
    assert event(tmp_path, ESCAPED, headers=[ID, ("eventType", b"order-shipped")])["data"]["kind"] == "order-shipped"


@pytest.mark.parametrize(
    "key", [b"o-1", b'"o-1"', b'{"schema":{"type":"string"},"payload":"o-1"}'], ids=["as it is", "quoted", "in a schema"]
)
def test_the_key_is_the_aggregate(tmp_path: Path, key: bytes) -> None:
    assert event(tmp_path, ESCAPED, key=key)["data"]["order"] == "o-1"


def test_without_the_header_the_place_identifies_it(tmp_path: Path) -> None:
    assert event(tmp_path, ESCAPED, headers=[])["id"] == "3:41"


@pytest.mark.parametrize("said", [None, {"schema": SCHEMA, "payload": None}, {"payload": None}])
def test_a_message_without_a_payload_says_nothing(tmp_path: Path, said: Any) -> None:
    assert read(source(tmp_path, ORDERS), said, topic="outbox.event.order") == []


@pytest.mark.parametrize("said", ["", "only words", '{"customerId": 123', "7"])
def test_a_text_that_is_no_json_has_nothing_in_it_to_read(tmp_path: Path, said: str) -> None:
    assert event(tmp_path, said)["data"] == {"order": "1"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [(b"", Reason.EMPTY), (b"only words", Reason.NOT_JSON), (b'1,"customerId":2', Reason.NOT_JSON), (b'{"payload":', Reason.NOT_JSON)],
)
def test_what_is_no_json_at_all_is_refused(tmp_path: Path, value: bytes, reason: Reason) -> None:
    with pytest.raises(Undecodable, match=reason):
        list(Reader(source(tmp_path, ORDERS)).events(Written(value), NOW))
