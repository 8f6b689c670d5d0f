"""Records that are decoded at once are what each of them is by itself, in their order, and no bad one takes another with it."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.monitor.hearing.decoding import decode
from shared.cloudevents import FACT_HEADERS, MAX_BYTES, Headers, Undecodable, read_event
from shared.events import ProductEvent
from shared.streaming.unpacking import Record
from tests.builders import NOON, event_bytes

Message = tuple[bytes | None, Headers]

STAMP = int(NOON.timestamp() * 1000)
BINARY = (("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"/shop"), ("ce_type", b"com.example.request"))
MESSAGES: tuple[Message, ...] = (
    (event_bytes("plain"), ()),
    (event_bytes("plain"), FACT_HEADERS),
    (event_bytes("latin", data={"says": "30 \u00b0C"}), ()),
    (event_bytes("unknown").replace(b"{", b'{"more":1,', 1), ()),
    (event_bytes("undated").replace(b'"time":', b'"timed":'), ()),
    (event_bytes("data")[:-1] + b',"data_base64":"e30="}', ()),
    (event_bytes("two\nlines"), ()),
    (event_bytes("escaped", data={"says": "a\\u0000"}), ()),
    (event_bytes("nul").replace(b"nul", b"n\\u0000l"), ()),
    (event_bytes("old").replace(str(NOON.year).encode(), b"1999"), ()),
    (event_bytes("ahead").replace(str(NOON.year).encode(), b"2099"), ()),
    (b"{", ()),
    (b"[" * 100_000, ()),
    (b'"\xff"', ()),
)
UNUSUAL: tuple[Message, ...] = (
    (None, ()),
    (b"", ()),
    (b'{"component":"checkout"}', BINARY),
    (b" " * (MAX_BYTES + 1), ()),
)


def records(messages: Sequence[Message]) -> list[Record]:
    return [Record("t", 0, at, STAMP, 0, None, value, None, -1, -1, tuple(headers)) for at, (value, headers) in enumerate(messages)]


def one_by_one(of: Sequence[Record], now: datetime) -> tuple[list[tuple[int, ProductEvent]], set[tuple[int, str, str]]]:
    events, letters = [], set()
    for record in of:
        try:
            events.append((record.offset, read_event(record.value, record.headers, now, record)))
        except Undecodable as error:
            letters.add((record.offset, str(error.reason), error.detail))
    return events, letters


def at_once(of: Sequence[Record], now: datetime) -> tuple[list[tuple[int, ProductEvent]], set[tuple[int, str, str]]]:
    batch, letters = decode(of, now)
    assert batch.times == [event.time.timestamp() for event in batch.events]
    assert len(letters) + len(batch.events) == len(of)
    events = [(record.offset, event) for record, event, _ in batch.rows()]
    return events, {(letter.record.offset, str(letter.reason), letter.detail) for letter in letters}


@pytest.mark.parametrize("message", [*MESSAGES, *UNUSUAL])
def test_a_record_among_others_is_what_it_is_by_itself(message: Message) -> None:
    of = records([MESSAGES[0], message, MESSAGES[0]])
    assert at_once(of, NOON) == one_by_one(of, NOON)


@given(st.lists(st.sampled_from(MESSAGES), max_size=12), st.lists(st.sampled_from(UNUSUAL), max_size=1))
@settings(max_examples=50)
def test_so_is_each_of_many(messages: list[Message], unusual: list[Message]) -> None:
    of = records([*messages, *unusual, *messages])
    assert at_once(of, NOON) == one_by_one(of, NOON)
