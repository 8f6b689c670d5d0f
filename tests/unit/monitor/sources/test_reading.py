"""A record of another system's topic becomes the events that its source says; what fits none is refused without quoting it."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.monitor.sources.paths import ENTRIES
from services.monitor.sources.reading import Reader
from shared.cloudevents import Reason, Undecodable, read_event
from shared.mapping.turning import Ready, Refused
from tests.unit.monitor.sources.writing import NOW, STAMP, Written, order, read, source

DETAILS = """
    sources:
      - topic: shop.orders
        events:
          - type: com.example.order
            data: {%s}
"""
EACH = """
    sources:
      - topic: shop.baskets
        each: basket.items
        events:
          - type: com.example.item
            subject: "{user}"
            data: {sku: "{each.sku}", part: "{each}"}
"""


def data(folder: Path, said: str, record: Any, **more: Any) -> Any:
    """Returns the data of the one event that a record becomes."""
    [event] = read(source(folder, DETAILS % said), record, **more)
    assert isinstance(event, dict), event
    return event["data"]


def test_an_order_is_an_event_of_its_customer_and_component(tmp_path: Path) -> None:
    [event] = read(source(tmp_path), order(1, "c-17"))
    assert event == {
        "specversion": "1.0",
        "id": f"o-1:PAYMENT_FAILED:{STAMP}",
        "source": "/topic/shop.orders",
        "type": "com.example.request",
        "time": "2026-11-26T12:00:00+00:00",
        "subject": "c-17",
        "data": {"component": "payment", "ok": False},
    }


def test_what_the_source_does_not_ask_for_is_left_out(tmp_path: Path) -> None:
    assert read(source(tmp_path), order(1, "c-17", "CREATED")) == []


def test_the_key_is_the_customer_else_the_component(tmp_path: Path) -> None:
    [ready] = Reader(source(tmp_path)).events(Written(json.dumps(order(1, "c-17")).encode()), NOW)
    assert isinstance(ready, Ready)
    assert ready.key == b"c-17"
    [ready] = Reader(source(tmp_path, DETAILS % "component: pay")).events(Written(b"{}"), NOW)
    assert isinstance(ready, Ready)
    assert ready.key == b"pay"


@pytest.mark.parametrize(
    ("path", "record", "found"),
    [
        ("user.id", {"user": {"id": 17}}, 17),
        ("user.id", {"user": "c-17"}, None),
        ("user.id", {"user": None}, None),
        ("user.id", {}, None),
        ("items.1.sku", {"items": [{"sku": "a"}, {"sku": "b"}]}, "b"),
        ("items.2.sku", {"items": [{"sku": "a"}]}, None),
        ("items.-1.sku", {"items": [{"sku": "a"}]}, None),
        ("items", {"items": [1, {"a": 2}]}, [1, {"a": 2}]),
        ("empty", {"empty": ""}, None),
        ("no", {"no": False}, False),
        ("zero", {"zero": 0}, 0),
    ],
)
def test_a_path_leads_to_what_is_there_and_else_to_nothing(tmp_path: Path, path: str, record: Any, found: Any) -> None:
    assert data(tmp_path, f'found: "{{{path}}}"', record) == ({} if found is None else {"found": found})


def test_what_kafka_knows_of_a_record_can_be_named(tmp_path: Path) -> None:
    said = ", ".join(f'{each}: "{{kafka.{each}}}"' for each in ("topic", "partition", "offset", "key", "header.trace"))
    found = data(tmp_path, said, {}, key=b"k-1", headers=[("trace", b"t-1"), ("trace", b"t-2")])
    assert found == {"topic": "shop.orders", "partition": "3", "offset": "41", "key": "k-1", "header.trace": "t-1"}
    assert data(tmp_path, said, {}) == {"topic": "shop.orders", "partition": "3", "offset": "41"}


def test_without_an_id_and_a_time_the_place_and_the_timestamp_say_them(tmp_path: Path) -> None:
    [event] = read(source(tmp_path, DETAILS % "a: b"), {})
    assert isinstance(event, dict)
    assert (event["id"], event["source"], event["time"]) == ("3:41", "/topic/shop.orders", "2026-11-26T12:00:00+00:00")


@pytest.mark.parametrize("stamp", [None, -1, 2**62])
def test_a_record_without_a_timestamp_has_no_time(tmp_path: Path, stamp: int | None) -> None:
    [refused] = read(source(tmp_path, DETAILS % "a: b"), {}, timestamp=stamp)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.where) == ("no_time", "the record's timestamp")


def test_each_entry_of_a_list_is_an_event_of_its_own(tmp_path: Path) -> None:
    basket = {"user": "c-1", "basket": {"items": [{"sku": "a"}, "bread", {"sku": "c"}]}}
    events = read(source(tmp_path, EACH), basket)
    assert [(each["id"], each["subject"]) for each in events if isinstance(each, dict)] == [
        ("3:41:0", "c-1"),
        ("3:41:1", "c-1"),
        ("3:41:2", "c-1"),
    ]
    assert [each["data"] for each in events if isinstance(each, dict)] == [
        {"sku": "a", "part": {"sku": "a"}},
        {"part": "bread"},
        {"sku": "c", "part": {"sku": "c"}},
    ]


def test_a_list_of_more_entries_than_one_goes_is_refused(tmp_path: Path) -> None:
    baskets = source(tmp_path, EACH)
    assert len(read(baskets, {"user": "c-1", "basket": {"items": [0] * ENTRIES}})) == ENTRIES
    with pytest.raises(Undecodable, match=f"too_large: {ENTRIES + 1} entries"):
        read(baskets, {"user": "c-1", "basket": {"items": [0] * (ENTRIES + 1)}})


@pytest.mark.parametrize("basket", [{}, {"basket": None}, {"basket": {"items": {"a": 1}}}, {"basket": {"items": []}}])
def test_where_there_is_no_list_nothing_is_an_event(tmp_path: Path, basket: Any) -> None:
    assert read(source(tmp_path, EACH), {"user": "c-1", **basket}) == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"not json", Reason.NOT_JSON),
        (b"[]", Reason.NOT_JSON),
        (b'"text"', Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b'{"a":' * 200 + b"1" + b"}" * 200, Reason.NOT_JSON),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, Reason.NOT_JSON),
        (b'{"a":"' + b"x" * (1 << 20) + b'"}', Reason.TOO_LARGE),
    ],
    ids=["empty", "text", "list", "string", "not utf-8", "deep", "very deep", "large"],
)
def test_what_is_no_json_object_is_refused(tmp_path: Path, value: bytes, reason: Reason) -> None:
    with pytest.raises(Undecodable) as refused:
        list(Reader(source(tmp_path)).events(Written(value), NOW))
    assert refused.value.reason == reason


def test_a_tombstone_says_nothing(tmp_path: Path) -> None:
    assert list(Reader(source(tmp_path)).events(Written(None, key=b"o-1"), NOW)) == []


@pytest.mark.parametrize(
    ("change", "reason", "where"),
    [
        ({"ts": "Ada's birthday"}, "no_time", "{ts}"),
        ({"ts": None}, "no_time", "{ts}"),
        ({"order_id": None}, "no_identity", "id, source or subject"),
        ({"user": {"id": {"of": "Ada"}}}, "wrong_value", "{user.id}"),
        ({"ts": 0}, "absurd_time", "time: before 2000 or more than a day ahead"),
        ({"user": {"id": "Ada\0"}}, "control_character", "U+0000"),
    ],
)
def test_what_does_not_fit_is_refused_and_where_quotes_nothing_of_it(tmp_path: Path, change: Any, reason: str, where: str) -> None:
    [refused] = read(source(tmp_path), order(1, "c-17") | change)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.where) == (reason, where)
    assert "Ada" not in refused.where


def test_whatever_is_made_is_an_event_that_our_readers_take(tmp_path: Path) -> None:
    odd = [17, 1.5, True, "é", "\u202e", "x" * 255, "<script>"]
    for each in odd:
        for ready in Reader(source(tmp_path)).events(Written(json.dumps(order(1, "c-1") | {"user": {"id": each}}).encode()), NOW):
            assert isinstance(ready, Ready)
            event = read_event(ready.value, (), NOW)
            assert event.subject == (each if isinstance(each, str) else json.dumps(each))
            assert event.time.timestamp() * 1000 == STAMP
