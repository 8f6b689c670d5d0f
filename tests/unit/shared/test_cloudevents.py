"""Messages are read and written in both modes; each way to be undecodable has its reason."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from shared.cloudevents import (
    FACT_HEADERS,
    MAX_BYTES,
    Headers,
    Reason,
    Undecodable,
    read_event,
    read_fact,
    write_event,
    write_fact,
)
from shared.events import FACT_OF, Affected, CustomerErased, CustomerUpdated, IncidentImpact, IncidentOpened, ProductEvent
from tests.builders import Arrived

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


class TestAnEventIsRead:
    def test_from_structured_json_without_any_header_as_a_console_producer_sends_it(self) -> None:
        assert read_event(structured(), (), NOW) == ProductEvent(
            id="7c2e",
            source="/shop/web-3",
            type="com.example.request",
            time=datetime(2026, 11, 24, 10, 0, 0, 123_000, tzinfo=UTC),
            specversion="1.0",
            subject="c-17",
            data=EVENT["data"],
        )

    def test_the_same_from_headers_in_binary_mode(self) -> None:
        assert read_event(json.dumps(EVENT["data"]).encode(), binary(), NOW) == read_event(structured(), (), NOW)

    def test_as_structured_when_the_content_type_says_so_though_headers_repeat_attributes(self) -> None:
        headers = [("content-type", b"application/cloudevents+json; charset=UTF-8"), *binary()]
        assert read_event(structured(id="in the value"), headers, NOW).id == "in the value"

    def test_with_unknown_attributes_kept_in_structured_mode(self) -> None:
        event = read_event(structured(traceparent="00-1-2-01", sampled=True, extensions={"odd": 1}), (), NOW)
        assert event.extensions == {"traceparent": "00-1-2-01", "sampled": True, "extensions": {"odd": 1}}

    def test_with_unknown_attributes_kept_in_binary_mode(self) -> None:
        assert read_event(b"{}", binary(traceparent="00-1-2-01"), NOW).extensions == {"traceparent": "00-1-2-01"}

    def test_without_a_subject_when_a_machine_spoke(self) -> None:
        assert read_event(structured("subject"), (), NOW).subject is None
        assert read_event(structured(subject=None), (), NOW).subject is None

    def test_without_data_in_both_modes(self) -> None:
        assert read_event(structured("data"), (), NOW).data is None
        assert read_event(None, binary(), NOW).data is None
        assert read_event(b"", binary(), NOW).data is None

    def test_ignoring_headers_that_are_not_ours_whatever_they_hold(self) -> None:
        headers = [*binary(), ("tracing", b"\xff\xfe"), ("tracing", b"\x00")]
        assert read_event(b"{}", headers, NOW).id == "7c2e"
        assert read_event(structured(), [("tracing", b"\xff\xfe")], NOW).id == "7c2e"

    @pytest.mark.parametrize(
        ("content_type", "value", "data"),
        [
            ("application/json", b"[1]", [1]),
            ("application/vnd.shop+json; charset=utf-8", b"[1]", [1]),
            ("text/json", b"[1]", [1]),
            ("text/plain", "grüße".encode(), "grüße"),
            ("application/protobuf", b"\x00\xff", b"\x00\xff"),
        ],
    )
    def test_with_data_as_its_content_type_says(self, content_type: str, value: bytes, data: Any) -> None:
        event = read_event(value, [*binary(), ("content-type", content_type.encode())], NOW)
        assert (event.data, event.datacontenttype) == (data, content_type)

    @pytest.mark.parametrize(("content_type", "data"), [("application/json", {"ok": 1}), ("application/octet-stream", b'{"ok":1}')])
    def test_with_base64_data_as_its_content_type_says(self, content_type: str, data: Any) -> None:
        assert read_event(structured("data", data_base64="eyJvayI6MX0=", datacontenttype=content_type), (), NOW).data == data

    def test_up_to_a_day_ahead_and_from_2000_on(self) -> None:
        read_event(structured(time="2026-11-25T12:00:00Z"), (), NOW)
        read_event(structured(time="2000-01-01T02:00:00+02:00"), (), NOW)

    def test_though_its_data_talks_about_control_characters(self) -> None:
        assert read_event(structured(data="a\nb, never \\u0000, nor \\\\u0000"), (), NOW).data == "a\nb, never \\u0000, nor \\\\u0000"

    def test_of_a_mebibyte_and_no_more(self) -> None:
        room = MAX_BYTES - len(structured(data=""))
        assert len(read_event(structured(data="x" * room), (), NOW).data) == room
        assert refused(structured(data="x" * (room + 1))) is Reason.TOO_LARGE
        assert refused(b'"' + b"x" * MAX_BYTES + b'"', binary()) is Reason.TOO_LARGE

    @pytest.mark.parametrize(
        ("escaped", "read"),
        [
            (rb"a\ud800b", "a\ufffdb"),
            (rb"\uDFFF", "\ufffd"),
            (rb"\udc00\ud800", "\ufffd\ufffd"),
            (rb"\ud800\ud83d\ude00", "\ufffd\U0001f600"),
            (rb"\ud83d\ude00 \ud83d", "\U0001f600 \ufffd"),
            (rb"\\ud800 \ud800", "\\ud800 \ufffd"),
            (rb"\\\ud800", "\\\ufffd"),
        ],
    )
    def test_with_u_fffd_for_half_of_a_surrogate_pair_wherever_it_stands(self, escaped: bytes, read: str) -> None:
        for name in ("id", "source", "type", "subject", "data", "extra"):
            value = structured(**{name: "HERE"}).replace(b"HERE", escaped)
            event = read_event(value, (), NOW)
            assert {**event.extensions, **{field: getattr(event, field) for field in event.__struct_fields__}}[name] == read
        assert read_event(b'["' + escaped + b'"]', binary(), NOW).data == [read]

    def test_with_half_of_a_surrogate_pair_among_half_a_million_backslashes_in_linear_time(self) -> None:
        said = b"\\\\" * 250_000 + b"\\ud800"
        assert read_event(b'"' + said + b'"', binary(), NOW).data == "\\" * 250_000 + "\ufffd"

    @pytest.mark.parametrize("headers", [(), [("content-type", b"")]])
    def test_with_json_data_when_no_content_type_is_said(self, headers: Headers) -> None:
        event = read_event(b'{"component": "checkout"}', [*binary(), *headers], NOW)
        assert (event.data, event.datacontenttype) == ({"component": "checkout"}, None)


def untimed() -> float:
    return REGISTRY.get_sample_value("forewarn_untimed_events_total", {"topic": "a.topic.v1"}) or 0.0


class TestAnEventWithoutATime:
    @pytest.mark.parametrize(("value", "headers"), [(structured("time"), ()), (structured(time=None), ()), (b"{}", binary("time"))])
    def test_has_that_of_its_record_and_is_counted(self, value: bytes, headers: Headers) -> None:
        before = untimed()
        event = read_event(value, headers, NOW, Arrived(STAMP - 1_500))
        assert event.time == NOW - timedelta(seconds=1.5)
        assert untimed() == before + 1

    def test_came_now_when_the_broker_keeps_no_timestamps(self) -> None:
        for none in (-1, None):  # None: records of Kafka's oldest format
            assert read_event(structured("time"), (), NOW, Arrived(none)).time == NOW

    @pytest.mark.parametrize("timestamp", [0, STAMP + 86_400_001, 1 << 62])
    def test_is_refused_when_the_timestamp_of_its_record_cannot_be(self, timestamp: int) -> None:
        with pytest.raises(Undecodable, match="absurd_time"):
            read_event(structured("time"), (), NOW, Arrived(timestamp))

    def test_may_be_a_fact_that_a_product_writes(self) -> None:
        said = {name: held for name, held in CUSTOMER.items() if name != "time"}
        fact = read_fact(json.dumps(said).encode(), (), NOW, FACT_OF, Arrived(STAMP))
        assert fact is not None
        assert fact.time == NOW

    def test_is_the_only_one_that_is_counted(self) -> None:
        before = untimed()
        read_event(structured(), (), NOW, Arrived(0))
        read_event(structured(extra=1), (), NOW, Arrived(0))
        for value in (structured("time", "id"), structured(time="yesterday")):
            with pytest.raises(Undecodable):
                read_event(value, (), NOW, Arrived(STAMP))
        assert untimed() == before


class TestAMessageIsUndecodable:
    @pytest.mark.parametrize("value", [None, b""])
    def test_when_empty(self, value: bytes | None) -> None:
        assert refused(value) is Reason.EMPTY
        assert refused(value, FACT_HEADERS) is Reason.EMPTY

    @pytest.mark.parametrize(
        "value",
        [
            b"hello",
            b"{",
            b"{}x",
            b"NaN",
            b'"\xff"',
            b'"\xed\xa0\x80"',
            b'"\x00"',
            b"\xef\xbb\xbf{}",
            b"[" * 100_000,
            b"\x00\x01",
        ],
    )
    def test_when_it_is_not_json(self, value: bytes) -> None:
        assert refused(value) is Reason.NOT_JSON
        assert refused(value, binary()) is Reason.NOT_JSON
        assert refused(structured("data")[:-1] + b',"data":' + value + b"}") is Reason.NOT_JSON

    @pytest.mark.parametrize("value", [b"0", b"null", b"[]", b'"text"', b"{}", structured("id"), structured("source"), structured("type")])
    def test_when_it_is_json_but_no_cloudevent(self, value: bytes) -> None:
        assert refused(value) is Reason.NOT_CLOUDEVENT

    def test_when_it_lacks_a_time_and_nobody_says_when_it_came_in(self) -> None:
        assert refused(structured("time")) is refused(structured(time=None)) is refused(b"{}", binary("time")) is Reason.NOT_CLOUDEVENT

    def test_when_it_is_of_another_version(self) -> None:
        assert refused(structured(specversion="0.3")) is refused(structured("specversion")) is Reason.NOT_CLOUDEVENT
        assert refused(b"{}", binary(specversion="0.3")) is Reason.NOT_CLOUDEVENT

    def test_when_it_has_data_twice(self) -> None:
        assert refused(structured(data_base64="e30=")) is Reason.NOT_CLOUDEVENT

    def test_when_a_batch_came_as_one_message(self) -> None:
        assert refused(b"[" + structured() + b"]") is Reason.NOT_CLOUDEVENT

    @pytest.mark.parametrize(
        "changes",
        [
            {"id": 7},
            {"id": ""},
            {"id": "x" * 256},
            {"source": []},
            {"subject": ""},
            {"time": 1764000000},
            {"time": "yesterday"},
            {"time": "2026-11-24"},
            {"datacontenttype": 1},
            {"hops": "many"},
            {"hops": -1},
            {"hops": True},
            {"hops": 1.5},
        ],
    )
    def test_when_an_attribute_has_the_wrong_type(self, changes: dict[str, Any]) -> None:
        assert refused(structured(**changes)) is Reason.WRONG_TYPE

    def test_when_its_time_has_no_offset(self) -> None:
        assert refused(structured(time="2026-11-24T10:00:00")) is Reason.WRONG_TYPE
        assert refused(b"{}", binary(time="2026-11-24T10:00:00")) is Reason.WRONG_TYPE

    @pytest.mark.parametrize("number", [b"1e999", b"9" * 5000])
    def test_when_a_number_is_out_of_range(self, number: bytes) -> None:
        assert refused(structured("data")[:-1] + b',"data":' + number + b"}") is Reason.WRONG_TYPE

    def test_when_base64_is_none(self) -> None:
        assert refused(structured("data", data_base64="***")) is refused(structured("data", data_base64=7)) is Reason.WRONG_TYPE
        assert refused(structured("data", data_base64="grüße")) is Reason.WRONG_TYPE

    def test_when_text_is_not_utf_8(self) -> None:
        assert refused(b"\xff", [*binary(), ("content-type", b"text/plain")]) is Reason.WRONG_TYPE

    @pytest.mark.parametrize(
        "header",
        [
            ("ce_id", b"again"),
            ("ce_extra", b"\xff"),
            ("content-type", b"\xff"),
            ("ce_data", b"{}"),
            ("ce_data_base64", b""),
            ("ce_extra", None),
        ],
    )
    def test_when_an_attribute_in_a_header_is_not_utf_8_or_there_twice(self, header: tuple[str, bytes]) -> None:
        assert refused(b"{}", [*binary(), header]) is Reason.BAD_HEADER

    @pytest.mark.parametrize("name", ["id", "source", "type", "subject"])
    @pytest.mark.parametrize("character", ["\0", "\n", "\x1f", "\x7f", "\x80", "\x9f"])
    def test_when_what_identifies_it_has_control_characters(self, name: str, character: str) -> None:
        assert refused(structured(**{name: f"a{character}b"})) is Reason.CONTROL_CHARACTER
        assert refused(json.dumps({**EVENT, name: f"a{character}b"}, ensure_ascii=False).encode()) in (
            Reason.CONTROL_CHARACTER,
            Reason.NOT_JSON,  # JSON forbids the first 32 unescaped
        )
        assert refused(b"{}", binary(**{name: f"a{character}b"})) is Reason.CONTROL_CHARACTER

    @pytest.mark.parametrize("data", ["\0", "\\\0", {"\0": 1}, [{"deep": ["\0"]}]])
    def test_when_there_is_a_nul_anywhere_as_postgres_cannot_store_it(self, data: Any) -> None:
        assert refused(structured(data=data)) is Reason.CONTROL_CHARACTER
        assert refused(structured(extra=data)) is Reason.CONTROL_CHARACTER
        assert refused(json.dumps(data).encode(), binary()) is Reason.CONTROL_CHARACTER

    def test_when_there_is_a_nul_in_text_base64_or_a_header(self) -> None:
        assert refused(b"a\0", [*binary(), ("content-type", b"text/plain")]) is Reason.CONTROL_CHARACTER
        assert refused(structured("data", data_base64="Ilx1MDAwMCI=")) is Reason.CONTROL_CHARACTER
        assert refused(b"{}", binary(extra="\0")) is Reason.CONTROL_CHARACTER

    @pytest.mark.parametrize(
        "time", ["1999-12-31T23:59:59.999Z", "2026-11-25T12:00:00.001Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
    )
    def test_when_its_time_is_absurd(self, time: str) -> None:
        assert refused(structured(time=time)) is refused(b"{}", binary(time=time)) is Reason.ABSURD_TIME

    def test_when_too_many_facts_led_here(self) -> None:
        assert read_event(structured(hops=8), (), NOW).extensions == {"hops": 8}
        assert refused(structured(hops=9)) is refused(b"{}", binary(hops="9")) is Reason.LOOP


class TestAFact:
    def test_is_read_in_both_modes_alike(self) -> None:
        structurally = read_fact(customer(), FACT_HEADERS, NOW, FACT_OF)
        headers = [*binary(type=CUSTOMER["type"], causationid="z", hops="3"), ("content-type", b"application/json")]
        in_binary = read_fact(json.dumps(CUSTOMER["data"]).encode(), headers, NOW, FACT_OF)
        assert isinstance(structurally, CustomerUpdated)
        assert isinstance(in_binary, CustomerUpdated)
        assert (in_binary.hops, in_binary.causationid) == (3, "z")
        assert in_binary.data == structurally.data == CustomerUpdated.Data.model_validate(CUSTOMER["data"])

    def test_of_an_unknown_type_is_none(self) -> None:
        assert read_fact(customer(), (), NOW, {}) is None
        assert read_fact(structured(type="forewarn.customer.updated.v2"), (), NOW, FACT_OF) is None

    def test_of_an_unknown_type_must_still_be_a_cloudevent(self) -> None:
        assert refused_fact(structured("id", type="unheard.of")).reason is Reason.NOT_CLOUDEVENT

    def test_keeps_no_field_it_does_not_know(self) -> None:
        assert read_fact(customer(shoe_size=43), (), NOW, FACT_OF) == read_fact(customer(), (), NOW, FACT_OF)

    def test_without_data_is_read_when_it_needs_none(self) -> None:
        assert isinstance(read_fact(structured("data", type="forewarn.customer.erased.v1"), (), NOW, FACT_OF), CustomerErased)

    @pytest.mark.parametrize(
        ("data", "detail"),
        [
            ({"revenue": "1200"}, "data.revenue: float_type"),
            ({"revenue": "nan"}, "data.revenue: float_type"),
            ({"renews_at": 20_000}, "data.renews_at: date_type"),
            ({"contacts": [{"channel": "email"}]}, "data.contacts.0.address: missing"),
            ({"consent": {"ada@example.org": "perhaps"}}, "data.consent.*: bool_type"),
            ({"name": ["Ada"]}, "data.name: string_type"),
        ],
    )
    def test_of_the_wrong_type_is_refused_naming_the_field_but_not_what_it_holds(self, data: dict[str, Any], detail: str) -> None:
        refusal = refused_fact(customer(**data))
        assert (refusal.reason, refusal.detail) == (Reason.WRONG_TYPE, detail)

    def test_with_a_number_no_float_can_hold_is_refused(self) -> None:
        assert refused_fact(customer(revenue=10**400)).reason is Reason.WRONG_TYPE

    def test_without_a_subject_is_refused(self) -> None:
        refusal = refused_fact(structured("subject", type=CUSTOMER["type"], data={}))
        assert (refusal.reason, refusal.detail) == (Reason.WRONG_TYPE, "subject: missing")

    def test_above_the_hop_limit_is_a_loop(self) -> None:
        assert refused_fact(structured(type=CUSTOMER["type"], data={}, hops=9)).reason is Reason.LOOP

    def test_is_written_so_that_it_is_read_again(self) -> None:
        cause = CustomerErased.of(CustomerErased.Data(), subject="c-17", at=NOW)
        touched = Affected(customer_id="c-17", certainty="confirmed", first_seen_at=NOW, last_seen_at=NOW, count=1)
        fact = IncidentImpact.of(IncidentImpact.Data(incident_id="i", chunk=0, customers=(touched,)), subject="i", at=NOW, cause=cause)
        assert read_fact(write_fact(fact), FACT_HEADERS, NOW, FACT_OF) == fact
        assert (fact.hops, fact.causationid) == (1, cause.id)

    def test_leaves_out_the_attribute_that_is_not_set_and_keeps_null_data(self) -> None:
        opened = IncidentOpened.Data(
            incident_id="i", rule="r", component="c", severity="high", title="t", started_at=NOW, opened_at=NOW, why={"ratio": None}
        )
        written = json.loads(write_fact(IncidentOpened.of(opened, subject="i", at=NOW)))
        assert "causationid" not in written
        assert written["data"]["why"] == {"ratio": None}


class TestAnEvent:
    @pytest.mark.parametrize("data", [None, {"ok": True}, "text", b"\x00\xff", 0, [], False])
    def test_is_written_so_that_it_is_read_again(self, data: Any) -> None:
        content_type = "application/octet-stream" if isinstance(data, bytes) else None
        east = datetime(2026, 11, 24, 10, tzinfo=timezone(timedelta(hours=2)))
        event = ProductEvent("1", "/s", "t", east, "1.0", None, data, content_type, extensions={"traceparent": "x"})
        assert read_event(write_event(event), (), NOW) == event


MEMBERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("2026-11-24T10:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from([*EVENT, "hops", "causationid", "data_base64", "extensions", "datacontenttype", "dataschema"])
MUTATIONS = st.dictionaries(NAMES, MEMBERS, max_size=3)
HEADERS = st.lists(st.tuples(NAMES.map("ce_{}".format) | st.just("content-type") | st.text(max_size=5), st.binary(max_size=20)), max_size=8)


def reads_or_says_why(value: bytes | None, headers: Headers) -> None:
    """Reads it, or says why not: any other exception than `Undecodable` with a `Reason` fails the test."""
    for read in (lambda: read_event(value, headers, NOW), lambda: read_fact(value, headers, NOW, FACT_OF)):
        with suppress(Undecodable):
            message = read()
            assert message is None or message.time <= NOW + timedelta(days=1)


class TestWhateverComesIsReadOrRefusedWithAReason:
    @given(st.none() | st.binary(max_size=300), HEADERS)
    def test_any_bytes(self, value: bytes | None, headers: Headers) -> None:
        reads_or_says_why(value, headers)

    @given(st.sampled_from([EVENT, CUSTOMER]), MUTATIONS, MUTATIONS)
    def test_a_message_with_other_values(self, message: dict[str, Any], attributes: dict[str, Any], data: dict[str, Any]) -> None:
        mutated = {**message, "data": {**message["data"], **data}, **attributes}
        reads_or_says_why(json.dumps(mutated).encode(), ())

    @given(st.sampled_from([structured(), customer()]), st.integers(min_value=0), st.binary(max_size=6), st.integers(0, 8))
    def test_a_message_with_bytes_replaced(self, message: bytes, position: int, patch: bytes, removed: int) -> None:
        start = position % len(message)
        reads_or_says_why(message[:start] + patch + message[start + removed :], ())

    @given(st.dictionaries(NAMES, st.text(max_size=20), max_size=3), st.binary(max_size=40), HEADERS)
    def test_binary_mode_with_other_headers(self, changes: dict[str, str], value: bytes, more: list[tuple[str, bytes]]) -> None:
        headers = [(name, held) for name, held in dict(binary()).items()]
        changed = [(f"ce_{name}", said.encode("utf-8", "surrogatepass")) for name, said in changes.items()]
        reads_or_says_why(value, [*changed, *(header for header in headers if header[0][3:] not in changes), *more])

    @pytest.mark.parametrize("depth", [100, 190, 210, 400, 900, 990, 1_010, 50_000])
    @pytest.mark.parametrize("message", [EVENT, CUSTOMER])
    def test_any_depth(self, message: dict[str, Any], depth: int) -> None:
        deep = b"[" * depth + b"]" * depth
        for name in ("data", "extra", "why"):
            reads_or_says_why(msgspec.json.encode({**message, name: msgspec.Raw(deep)}), ())
