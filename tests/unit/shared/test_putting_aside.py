"""Putting aside never fails: whatever a record holds, there is a letter of it that can be stored and sent."""

from collections.abc import Collection

import pytest
from aiokafka import ConsumerRecord
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.cloudevents import Reason
from shared.events import CustomerUpdated
from shared.outbox import OLDEST, Lane, put
from shared.postgres import Database, Tx
from shared.stream import Stream
from shared.streaming.aside import Aside
from shared.streaming.dead_letters import TRIES, DeadLetter, Form, Sample
from shared.streaming.handling import Handling
from shared.streaming.unpacking import Unreadable
from tests.fakes import FakeConsumer, FakeTopics
from tests.unit.shared.shop import Shop, names

LONG = st.integers(-(1 << 63), (1 << 63) - 1)
BYTES = st.none() | st.binary(max_size=40) | st.sampled_from([b'{"source": "\\ud800"}', b'{"source": 7}', b"[" * 5000, b"\x00"])
NAMES = st.text(max_size=20) | st.sampled_from(["", "\0", "ce_source", "forewarn-redriven", "forewarn-reason"])
HEADERS = st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=40)), max_size=4).map(tuple)
RECORDS = st.builds(
    ConsumerRecord, st.just("shop.v1"), st.integers(0, 9), st.integers(0, (1 << 63) - 1), LONG, st.just(0), BYTES, BYTES, st.none(),
    st.just(-1), st.just(-1), HEADERS,
)  # fmt: skip
UNREADABLE = st.builds(Unreadable.at, st.just("shop.v1"), st.integers(0, 9), st.integers(0, (1 << 63) - 1), st.text(max_size=600))
LETTERS = st.builds(DeadLetter, RECORDS | UNREADABLE, st.sampled_from(Reason), st.text(max_size=600), st.text(max_size=40))


def any_letters(count: int) -> list[DeadLetter]:
    """Returns so many different dead letters."""
    found: list[DeadLetter] = []

    @settings(max_examples=count, deadline=None, database=None, derandomize=True)
    @given(LETTERS)
    def keep(letter: DeadLetter) -> None:
        found.append(letter)

    keep()
    return found


@pytest.mark.asyncio
async def test_whatever_key_value_headers_and_timestamp_there_is_a_letter_that_can_be_stored_and_sent(monitor_database: Database) -> None:
    letters = any_letters(200)
    messages = [letter.message("shop", form) for letter in letters for form in Form]
    async with monitor_database.transaction() as tx:
        await put(tx, messages, Lane.BULK)
        rows = await tx.fetch(OLDEST, Lane.BULK, 0, len(messages) + 1)
    assert len(rows) == len(messages)
    for message, row in zip(messages, rows, strict=True):
        assert (row["key"], row["value"]) == (message.key, message.value)
        headers = list(zip(row["header_names"], row["header_values"], strict=True))
        assert headers == [(name.replace("\0", "\ufffd"), value) for name, value in message.headers]
        assert DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20).append(0, None, row["key"], row["value"], headers) is not None


def test_whatever_the_letters_they_are_counted_and_summed_up() -> None:
    aside, letters = Aside("shop.v1", "shop", per_minute=100), any_letters(200)
    forms = aside.forms(letters, 1_000.0)
    assert [Form.STUB if isinstance(letter.record, Unreadable) else form for letter, form in zip(letters, forms, strict=True)] == forms
    aside.committed(letters, forms, 1_000.0)
    assert f"put {len(letters)} records aside" in (aside.summary(1_000.0) or "")
    assert all(str(Sample.of(letter)) for letter in letters)


def test_a_letter_of_what_cannot_be_read_is_its_place_and_reason_alone() -> None:
    letter = DeadLetter(Unreadable.at("shop.v1", 3, 7, "UnicodeDecodeError"), Reason.UNREADABLE, "UnicodeDecodeError", "Unreadable")
    message = letter.message("forewarn-shop-shop.v1", Form.STUB)
    assert (message.key, message.value) == (None, b"")
    assert {name.removeprefix("forewarn-"): value.decode() for name, value in message.headers if value is not None} == {
        "reason": "unreadable",
        "detail": "UnicodeDecodeError",
        "error": "Unreadable",
        "attempts": "1",
        "stream": "forewarn-shop-shop.v1",
        "topic": "shop.v1",
        "partition": "3",
        "offset": "7",
        "form": "stub",
    }


def test_a_stub_is_small_whatever_its_record_says_of_itself() -> None:
    many = [("forewarn-redriven", b"9")] * 100_000 + [("forewarn-redriven", bytes(4 << 20)), ("forewarn-redriven", b"2")]
    for headers in (many, many[:-1]):
        record = ConsumerRecord("shop.v1", 0, 0, 0, 0, None, b"", None, -1, 0, headers)
        message = DeadLetter(record, Reason.EMPTY, "").message("shop", Form.STUB)
        assert sum(len(name) + len(value) for name, value in message.headers) < 1_000


@pytest.mark.asyncio
async def test_what_makes_the_putting_aside_fail_is_put_aside_as_place_and_reason_alone(monitor_database: Database) -> None:
    shop = await Shop.opened(monitor_database)
    shop.says(*names(4))
    bad = shop.topics.put("shop.v1", b"no fact", key=b"k", headers=[("x", "no bytes")], partition=1)  # type: ignore[list-item]
    shop.says("c-9")
    member = shop.member()
    await member.assign()
    await member.drain()
    [letter] = await shop.dead()
    assert await shop.written() == [*names(4), "c-9"]
    place = (letter["forewarn-topic"], letter["forewarn-partition"], letter["forewarn-offset"])
    assert place == ("shop.v1", "1", str(bad.offset))
    said = (letter["forewarn-form"], letter["forewarn-reason"], letter["forewarn-error"], letter["forewarn-attempts"])
    assert said == ("stub", "handler_failed", "DataError", str(2 * TRIES))
    assert await shop.stands_at() == 6


@pytest.mark.asyncio
async def test_what_cannot_be_unpacked_is_put_aside_in_its_place_and_the_rest_goes_on(monitor_database: Database) -> None:
    shop = await Shop.opened(monitor_database)
    shop.says(*names(4))
    unreadable_at(shop.topics, 0)
    shop.says("c-9")
    member = shop.member()
    await member.assign()
    await member.drain()
    [letter] = await shop.dead()
    assert (letter["forewarn-reason"], letter["forewarn-detail"]) == ("unreadable", "CorruptRecordException")
    assert await shop.written() == [*names(4), "c-9"]
    assert member.stream.aside.since_start == {"unreadable": 1}


@pytest.mark.asyncio
async def test_state_that_cannot_be_loaded_is_waited_for_and_said(monitor_database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """It would raise out of FastStream's handler, where nobody sees it."""
    shop = await Shop.opened(monitor_database)
    shop.says(*names(4))
    handling = Unloadable("shop.v1", (CustomerUpdated,), shop.on_customers)
    member = FakeConsumer(shop.topics, Stream("shop", "shop.v1", handling, shop.database))
    await member.assign()
    assert await member.stream.trouble() == "positions not loaded"
    assert "pauses for 1 s: a row that nobody can read" in caplog.text
    member.stream.retry_now()
    await member.drain()
    assert await shop.written() == names(4)


class Unloadable(Handling):
    """A processor whose stored state cannot be read the first time."""

    tries = 0

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:
        self.tries += 1
        if self.tries == 1:
            raise ValueError("a row that nobody can read")
        await super().load(tx, partitions)


def unreadable_at(topics: FakeTopics, partition: int) -> None:
    """Makes the next record of the partition one that cannot be unpacked."""
    log = topics.logs("shop.v1")[partition]
    log.records.append(Unreadable.at("shop.v1", partition, log.end, "CorruptRecordException"))
    log.end += 1
