"""Each way for a message to be undecodable has its reason, and no message raises anything else."""

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cloudevents import FACT_HEADERS, Headers, Reason, Undecodable, read_event, read_fact
from shared.events import FACT_OF
from tests.unit.shared.messages import CUSTOMER, EVENT, NOW, binary, customer, refused, structured


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
