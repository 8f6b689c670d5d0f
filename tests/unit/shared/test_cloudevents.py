"""Events are read and written in both modes; those without a time have that of their record."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from prometheus_client import REGISTRY

from shared.cloudevents import MAX_BYTES, Headers, Reason, Undecodable, read_event, read_fact, write_event
from shared.events import FACT_OF, ProductEvent
from tests.builders import Arrived
from tests.unit.shared.messages import CUSTOMER, EVENT, NOW, STAMP, binary, refused, structured


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


class TestAnEvent:
    @pytest.mark.parametrize("data", [None, {"ok": True}, "text", b"\x00\xff", 0, [], False])
    def test_is_written_so_that_it_is_read_again(self, data: Any) -> None:
        content_type = "application/octet-stream" if isinstance(data, bytes) else None
        east = datetime(2026, 11, 24, 10, tzinfo=timezone(timedelta(hours=2)))
        event = ProductEvent("1", "/s", "t", east, "1.0", None, data, content_type, extensions={"traceparent": "x"})
        assert read_event(write_event(event), (), NOW) == event
