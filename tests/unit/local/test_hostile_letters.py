"""`forewarn dlq` works on whatever anybody wrote to a dead letter topic: nothing ends it, and what can go goes back."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from deploy.local.dlq import list_on, redrive_on, show_on
from deploy.local.processes import Failed
from deploy.topics import RECEIPTS
from shared.cloudevents import Reason
from shared.connecting.brokers import Brokers, Producer
from shared.events import Topic
from shared.letters import receipts
from shared.letters.reading import everything
from shared.streaming.dead_letters import DeadLetter, Form
from shared.streaming.unpacking import Unreadable
from tests.batches import Record, send_records
from tests.unit.local.test_dlq import TOPIC, record

DLQ = f"{TOPIC}.dlq"
ABSURD = [-62_167_219_200_000, -5, 0, 2**61, -(2**61), 253_402_300_800_000]
OURS = ("reason", "detail", "topic", "partition", "offset", "form", "size", "sha256", "redriven", "receipt")
numbers = count()


@pytest.fixture
async def sender(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=16 << 20)
    await producer.start()
    yield producer
    await producer.stop()


def letter(value: bytes = b"{", form: Form = Form.WHOLE, offset: int = 41) -> Record:
    """Returns a dead letter as a service writes it."""
    of = record(value, offset=offset)
    message = DeadLetter(of, Reason.NOT_JSON, "malformed").message("s", form)
    return Record(message.key, message.value, [(name.encode(), held) for name, held in message.headers])


async def values_of(kafka: str, topic: str = TOPIC) -> list[bytes | None]:
    """Returns the values of all records that can be read."""
    return [each.value async for each in everything(Brokers(kafka), topic) if not isinstance(each, Unreadable)]


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


# ── any record ───────────────────────────────────────────────────────────────────────────────

names = st.sampled_from([f"forewarn-{name}".encode() for name in OURS]) | st.binary(max_size=8)
values = st.none() | st.binary(max_size=20) | st.sampled_from([b"pointer", b"stub", b"whole", b"9" * 18, b"-1", "²".encode(), b"0"])
any_record = st.builds(
    Record,
    value=st.none() | st.binary(max_size=50) | st.just(b"[[0, 0]]") | st.just(b"x" * 1_000),
    headers=st.lists(st.tuples(names, values), max_size=6),
    key=st.none() | st.binary(max_size=10),
    timestamp=st.sampled_from(ABSURD) | st.integers(-(2**61), 2**61),
)


@settings(
    max_examples=10, phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=st.lists(st.lists(any_record, min_size=1, max_size=8), max_size=4), odd_receipts=st.lists(any_record, max_size=2))
async def test_whatever_is_written_there_the_commands_end_well_and_a_letter_of_ours_goes_back(
    kafka: str, capsys: pytest.CaptureFixture[str], batches: list[list[Record]], odd_receipts: list[Record]
) -> None:
    topic = f"hostile-{next(numbers)}"
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for batch in batches:
            await send_records(producer, f"{topic}.dlq", batch)
        await send_records(producer, f"{topic}.dlq", [letter(b"this one is ours")])
        if odd_receipts:
            await send_records(producer, RECEIPTS, odd_receipts)
    assert await list_on(Brokers(kafka), topic) == 0
    assert await show_on(Brokers(kafka), topic, None, 20) == 0
    assert await redrive_on(Brokers(kafka), topic) in (0, 1)
    printed(capsys)
    assert await redrive_on(Brokers(kafka), topic) in (0, 1)
    assert "0 dead letters went back" in printed(capsys)
    assert b"this one is ours" in await values_of(kafka, topic)


# ── receipts ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "forged", [b"[[0, 0]]", b"{", b"\xff", b'{"topic": "support.requests.v1.dlq", "letters": [[0, 0, 0]]}', b"[" * 5_000]
)
async def test_a_receipt_among_the_letters_marks_nothing_and_is_shown_as_no_letter(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str], forged: bytes
) -> None:
    await send_records(sender, DLQ, [letter(), Record(None, forged, [(b"forewarn-receipt", b"1")])])
    await list_on(Brokers(kafka), TOPIC)
    first, second = printed(capsys).splitlines()[1:]
    assert first.split()[:4] == [TOPIC, "not_json", "1", "1"]
    assert second.split()[:5] == [TOPIC, "(no", "letters)", "1", "0"]
    await show_on(Brokers(kafka), TOPIC, (0, 1), 1)
    assert printed(capsys) == f"{DLQ} partition 0 offset 1 is no dead letter: it has no header forewarn-reason: no service put it aside\n\n"
    await redrive_on(Brokers(kafka), TOPIC)
    assert printed(capsys).splitlines()[1:] == [
        f"1 dead letters went back to {TOPIC}",
        "1 stay: they are no dead letters; `forewarn dlq show` says what is wrong with them",
    ]
    assert await values_of(kafka) == [b"{"]


@pytest.mark.parametrize(
    "odd",
    [
        None,
        b"",
        b"[[0, 0]]",
        b"\xff",
        b"null",
        b'{"topic": 1, "letters": []}',
        b'{"topic": "%s", "letters": [[0, 0]]}' % DLQ.encode(),
        b"[" * 5_000,
    ],
)
async def test_what_is_no_receipt_is_counted_and_marks_nothing(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str], odd: bytes | None
) -> None:
    await send_records(sender, DLQ, [letter()])
    await send_records(sender, RECEIPTS, [Record(b"k", odd, [(b"\xff", b"")])])  # which no client can unpack
    await send_records(sender, RECEIPTS, [Record(b"k", odd)])
    await list_on(Brokers(kafka), TOPIC)
    shown = printed(capsys)
    assert "not_json                    1        1" in shown
    assert f"2 records of {RECEIPTS} are no receipts, and mark nothing as sent back" in shown
    assert await redrive_on(Brokers(kafka), TOPIC) == 0
    assert await redrive_on(Brokers(kafka), TOPIC) == 0
    assert "0 dead letters went back" in printed(capsys)


async def test_a_receipt_marks_no_letter_that_took_the_place_of_another_or_is_on_another_topic(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]
) -> None:
    await send_records(sender, DLQ, [letter()])
    marks = [(DLQ, (0, 0, 1_763_000_000_000)), ("other.v1.dlq", (0, 0, 1_764_000_000_000)), (DLQ, (1, 0, 1_764_000_000_000))]
    await send_records(sender, RECEIPTS, [Record(None, msgspec.json.encode(receipts.Receipt(topic, [mark]))) for topic, mark in marks])
    await list_on(Brokers(kafka), TOPIC)
    assert "not_json                    1        1" in printed(capsys)


class Nowhere(Producer):
    """A producer whose broker knows no such topic."""

    def __init__(self) -> None: ...

    def __del__(self, **_: object) -> None: ...

    async def partitions_for(self, topic: str) -> set[int]:  # noqa: ARG002
        await asyncio.Event().wait()
        return set()


async def test_without_a_topic_for_receipts_nothing_is_sent_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "WITHIN_S", 0.01)
    with pytest.raises(Failed, match=r"no topic forewarn\.redriven\.v1.*deploy\.init"):
        await receipts.expect_topic(Nowhere())


# ── what no client can unpack ────────────────────────────────────────────────────────────────


async def test_letters_around_one_that_no_client_can_unpack_are_listed_shown_and_sent_back(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]
) -> None:
    before, bad, after = (
        [letter(b"%d" % n) for n in range(3)],
        Record(None, b"bad", [(b"\xff\xfe", b"")]),
        [letter(b"%d" % n) for n in range(5, 7)],
    )
    await send_records(sender, DLQ, [*before[:2]])
    await send_records(sender, DLQ, [before[2], bad, letter(b"in the same batch")])
    await send_records(sender, DLQ, after)
    await list_on(Brokers(kafka), TOPIC)
    lines = printed(capsys).splitlines()
    assert lines[1].split()[:4] == [TOPIC, "not_json", "6", "6"]
    assert lines[2].endswith("1        0   partition 0 offset 3: no client can unpack it: UnicodeDecodeError")
    await show_on(Brokers(kafka), TOPIC, (0, 3), 1)
    assert printed(capsys) == f"{DLQ} partition 0 offset 3 is no dead letter: no client can unpack it: UnicodeDecodeError\n\n"
    await redrive_on(Brokers(kafka), TOPIC)
    assert await values_of(kafka) == [b"0", b"1", b"2", b"in the same batch", b"5", b"6"]


async def test_a_pointer_is_followed_past_a_record_that_no_client_can_unpack(kafka: str, sender: AIOKafkaProducer) -> None:
    await send_records(sender, TOPIC, [Record(None, b"one")], partition=3)
    await send_records(sender, TOPIC, [Record(None, b"bad", [(b"\xff", b"")])], partition=3)
    await send_records(sender, TOPIC, [Record(None, b"three", timestamp=ABSURD[0])], partition=3)
    pointers = [letter(value, form=Form.POINTER, offset=offset) for value, offset in ((b"one", 0), (b"bad", 1), (b"three", 2))]
    await send_records(sender, DLQ, [each._replace(value=b"") for each in pointers])
    assert await redrive_on(Brokers(kafka), TOPIC) == 1
    readable = [each async for each in everything(Brokers(kafka), TOPIC) if not isinstance(each, Unreadable)]
    assert sorted(each.value or b"" for each in readable if dict(each.headers).get("forewarn-redriven")) == [b"one", b"three"]


async def test_a_pointer_that_says_another_size_than_its_record_has_is_not_followed(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]
) -> None:
    await send_records(sender, TOPIC, [Record(None, b"x" * 1_000)], partition=3)
    pointer = letter(b"x" * 1_000, form=Form.POINTER, offset=0)
    await send_records(sender, DLQ, [pointer._replace(value=b"", headers=[*pointer.headers, (b"forewarn-size", b"0")])])
    assert await redrive_on(Brokers(kafka), TOPIC) == 1
    assert "0 dead letters went back" in printed(capsys)


@pytest.mark.parametrize("timestamp", ABSURD)
async def test_a_letter_of_a_time_there_is_not_is_listed_shown_and_sent_back(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str], timestamp: int
) -> None:
    await send_records(sender, DLQ, [letter()._replace(timestamp=timestamp)])
    assert await list_on(Brokers(kafka), TOPIC) == 0
    assert await show_on(Brokers(kafka), TOPIC, None, 1) == 0
    shown = printed(capsys)
    assert shown.count("at no time there is") == (2 if timestamp not in (0, -5) else 0)
    assert await redrive_on(Brokers(kafka), Topic.SUPPORT_REQUESTS) == 0
    await list_on(Brokers(kafka), TOPIC)
    assert "not_json                    1        0" in printed(capsys)


async def test_of_a_hundred_thousand_headers_and_reasons_a_few_are_shown(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = letter()
    await send_records(sender, DLQ, [ours._replace(headers=[*[(b"h%d" % n, b"v") for n in range(100_000)], *ours.headers])])
    await send_records(sender, DLQ, [Record(None, b"", [(b"forewarn-reason", b"r%d" % n + b"x" * 10_000)]) for n in range(40)])
    await list_on(Brokers(kafka), TOPIC)
    lines = printed(capsys).splitlines()
    assert (len(lines), max(map(len, lines)) < 300) == (1 + 30 + 1, True)
    assert lines[-1].split()[:5] == [TOPIC, "(other", "reasons)", "11", "11"]
    await show_on(Brokers(kafka), TOPIC, (0, 0), 1)
    assert printed(capsys).count("  header     ") == 51
