"""`forewarn dlq` says what was put aside and why, shows it without harm, and sends it back as it came, each letter once."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord

from deploy.local.dlq import list_on, redrive_on, show_on
from deploy.local.erased import Erased
from deploy.local.ports import free_port
from deploy.local.processes import Failed
from shared.cloudevents import Reason
from shared.connecting.brokers import Brokers
from shared.erasing import erase
from shared.events import Topic
from shared.letters import reading
from shared.letters.letters import MOST
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings
from shared.streaming.dead_letters import DeadLetter, Form
from tests.flow.test_streams import serving
from tests.unit.simulator.test_play import everything

TOPIC = Topic.SUPPORT_REQUESTS
Headers = Sequence[tuple[str, bytes]]


@pytest.fixture
async def sender(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=4 << 20)
    await producer.start()
    yield producer
    await producer.stop()


def record(value: bytes | None, headers: Headers = (), key: bytes = b"c-17", offset: int = 41) -> ConsumerRecord:
    """Returns a record as a service reads it."""
    return ConsumerRecord(
        topic=TOPIC,
        partition=3,
        offset=offset,
        timestamp=1_764_000_000_000,
        timestamp_type=0,
        key=key,
        value=value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=tuple(headers),
    )


async def put_aside(
    sender: AIOKafkaProducer, of: ConsumerRecord, reason: Reason = Reason.NOT_JSON, detail: str = "malformed", *, foreign: bool = False
) -> None:
    """Puts a record aside as a service does."""
    letter = DeadLetter(of, reason, detail).message("forewarn-ticketing-support.requests.v1", foreign=foreign)
    await sender.send_and_wait(letter.topic, letter.value, key=letter.key, headers=list(letter.headers), partition=0)


# ── list and show ────────────────────────────────────────────────────────────────────────────


async def test_the_list_counts_by_topic_and_reason_and_says_how_many_wait(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]
) -> None:
    for reason in (Reason.NOT_JSON, Reason.NOT_JSON, Reason.LOOP):
        await put_aside(sender, record(b"{"), reason)
    assert await redrive_on(Brokers(kafka), TOPIC, "loop") == 0
    capsys.readouterr()
    for topic in (None, TOPIC, f"{TOPIC}.dlq"):
        assert await list_on(Brokers(kafka), topic) == 0
        head, *lines = capsys.readouterr().out.splitlines()
        assert head.split() == ["topic", "reason", "letters", "waiting", "the", "latest"]
        assert [line.split()[:4] for line in lines] == [[TOPIC, "not_json", "2", "2"], [TOPIC, "loop", "1", "0"]]


async def test_without_dead_letters_the_list_says_so(kafka: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert await list_on(Brokers(kafka), None) == 0
    assert capsys.readouterr().out == "no dead letters\n"


async def test_a_topic_that_is_not_there_is_told_in_a_sentence(kafka: str) -> None:
    with pytest.raises(Failed, match=r"no topic nonsense\.dlq"):
        await list_on(Brokers(kafka), "nonsense")


async def test_a_letter_is_shown_with_where_it_stood_and_its_bytes_cannot_move_the_cursor(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]
) -> None:
    await put_aside(sender, record(b"\x1b[2J\xff\n caf\xc3\xa9", [("x-from", b"\x1b]0;owned\x07")]))
    assert await show_on(Brokers(kafka), TOPIC, None, 3) == 0
    shown = capsys.readouterr().out
    assert "support.requests.v1.dlq partition 0 offset 0, put aside" in shown
    assert "reason     not_json: malformed (Undecodable)" in shown
    assert "stood at   support.requests.v1 3 41" in shown
    assert "first seen 2025-11-24T16:00:00+00:00, tried 1 times" in shown
    assert "this one waits" in shown
    assert "key        c-17" in shown
    assert r"header     x-from: \x1b]0;owned\x07" in shown
    assert r"value      \x1b[2J\xff\n café" in shown
    assert not set(shown) & {"\x1b", "\x07"}


async def test_one_letter_is_shown_by_its_place_and_the_latest_without(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        await put_aside(sender, record(f"letter {number}".encode()))
    assert await show_on(Brokers(kafka), TOPIC, (0, 1), 3) == 0
    assert "letter 1" in (one := capsys.readouterr().out)
    assert one.count("value") == 1
    assert await show_on(Brokers(kafka), TOPIC, None, 2) == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines() if "value" in line] == ["3", "4"]
    assert await show_on(Brokers(kafka), TOPIC, (0, 99), 3) == 1
    assert capsys.readouterr().out == "no dead letter at partition 0, offset 99\n"


# ── redrive ──────────────────────────────────────────────────────────────────────────────────


async def test_a_letter_goes_back_as_it_came_and_once(kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]) -> None:
    came = [("ce_id", b"7"), ("trace", b"\xff\x00")]
    await put_aside(sender, record(b"\xfe bytes", came))
    assert await redrive_on(Brokers(kafka), TOPIC) == 0
    assert "1 dead letters went back to support.requests.v1" in capsys.readouterr().out
    assert await redrive_on(Brokers(kafka), TOPIC) == 0
    assert "0 dead letters went back" in capsys.readouterr().out
    [back] = await everything(kafka, TOPIC, 1)
    assert (back.key, back.value) == (b"c-17", b"\xfe bytes")
    assert list(back.headers) == [*came, ("forewarn-redriven", b"1")]


async def test_nothing_is_sent_on_trial(kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]) -> None:
    await put_aside(sender, record(b"{"))
    assert await redrive_on(Brokers(kafka), TOPIC, dry_run=True) == 0
    assert "1 dead letters would go back" in capsys.readouterr().out
    assert await redrive_on(Brokers(kafka), TOPIC) == 0
    assert "1 dead letters went back" in capsys.readouterr().out


async def test_one_reasons_letters_go_back_and_later_the_others(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, reason in enumerate([Reason.LOOP, Reason.NOT_JSON, Reason.LOOP, Reason.NOT_JSON]):
        await put_aside(sender, record(json.dumps(number).encode()), reason)
    await redrive_on(Brokers(kafka), TOPIC, "not_json")
    await redrive_on(Brokers(kafka), TOPIC)
    assert "2 loop" in capsys.readouterr().out
    assert [each.value for each in await everything(kafka, TOPIC, 4)] == [b"1", b"3", b"0", b"2"]


async def test_what_comes_back_each_time_stays_in_the_end(kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]) -> None:
    came: Headers = [("forewarn-reason", b"a forged one")]
    for times in range(MOST):
        await put_aside(sender, record(b"{", came, offset=times))
        assert await redrive_on(Brokers(kafka), TOPIC) == 0
        *_, back = await everything(kafka, TOPIC, times + 1)
        came = back.headers
    await put_aside(sender, record(b"{", came, offset=MOST))
    capsys.readouterr()
    assert await redrive_on(Brokers(kafka), TOPIC) == 1
    assert capsys.readouterr().out.splitlines() == [
        "0 dead letters went back to support.requests.v1",
        f"1 stay: they have come back {MOST} times; `forewarn dlq show` says what is wrong with them",
    ]


async def test_nothing_is_written_to_another_systems_topic(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]
) -> None:
    await put_aside(sender, record(b"{"), foreign=True)
    await put_aside(sender, record(b"{"))
    assert await redrive_on(Brokers(kafka), TOPIC) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1 not_json",
        "1 dead letters went back to support.requests.v1",
        "1 stay: support.requests.v1 is another system's, nothing is written to it, and sources.yml does not name it",
    ]


async def test_a_letter_that_came_empty_goes_back_empty(kafka: str, sender: AIOKafkaProducer) -> None:
    await put_aside(sender, record(None), Reason.EMPTY)
    assert await redrive_on(Brokers(kafka), TOPIC) == 0
    [back] = await everything(kafka, TOPIC, 1)
    assert back.value is None


async def test_a_letter_that_came_with_the_header_of_a_receipt_hides_nothing(kafka: str, sender: AIOKafkaProducer) -> None:
    await put_aside(sender, record(b"{"))
    await put_aside(sender, record(b"[[0, 0]]", [("forewarn-receipt", b"1")]))
    assert await redrive_on(Brokers(kafka), TOPIC) == 0
    assert [each.value for each in await everything(kafka, TOPIC, 2)] == [b"{", b"[[0, 0]]"]


async def test_more_letters_than_one_receipt_holds_go_back_each_once(kafka: str, sender: AIOKafkaProducer) -> None:
    letter = DeadLetter(record(b"{"), Reason.NOT_JSON, "malformed").message("s")
    accepted = [await sender.send(letter.topic, letter.value, key=str(n).encode(), headers=list(letter.headers)) for n in range(450)]
    for each in accepted:
        await each
    await redrive_on(Brokers(kafka), TOPIC)
    await redrive_on(Brokers(kafka), TOPIC)
    await sender.send_and_wait(TOPIC, b"the end", key=b"end")
    keys = [each.key for each in await everything(kafka, TOPIC, 451)]
    assert len(keys) == len(set(keys)) == 451


# ── pointers ─────────────────────────────────────────────────────────────────────────────────


async def pointed_at(sender: AIOKafkaProducer, value: bytes, *, form: Form = Form.POINTER, sha256_of: bytes | None = None) -> None:
    """Puts a record on its topic, and a letter that points at it."""
    headers = [("trace", b"\xff")]
    sent = await sender.send_and_wait(TOPIC, value, key=b"c-17", headers=headers, partition=0)
    of = record(value if sha256_of is None else sha256_of, headers, offset=sent.offset)
    letter = DeadLetter(of, Reason.NOT_JSON, "malformed").message("s", form)
    ours = [(name, b"0" if name == "forewarn-partition" else held) for name, held in letter.headers]
    await sender.send_and_wait(letter.topic, letter.value, headers=ours, partition=0)


async def test_a_pointer_goes_back_with_the_bytes_that_stand_in_its_topic(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]
) -> None:
    await pointed_at(sender, b"not json")
    await pointed_at(sender, b"not json either", form=Form.STUB)
    assert await redrive_on(Brokers(kafka), TOPIC) == 0
    assert "2 dead letters went back" in capsys.readouterr().out
    assert await redrive_on(Brokers(kafka), TOPIC) == 0
    assert "0 dead letters went back" in capsys.readouterr().out
    *_, first, second = sorted(await everything(kafka, TOPIC, 4), key=lambda each: len(each.headers))
    assert {first.value, second.value} == {b"not json", b"not json either"}
    assert (first.key, list(first.headers)) == (b"c-17", [("trace", b"\xff"), ("forewarn-redriven", b"1")])


async def test_a_pointer_whose_record_is_gone_or_another_stays_and_is_named(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]
) -> None:
    await pointed_at(sender, b"made anew", sha256_of=b"not json")
    await put_aside(sender, record(b"{"))
    assert await redrive_on(Brokers(kafka), TOPIC) == 1
    assert capsys.readouterr().out.splitlines() == [
        "1 not_json",
        "1 dead letters went back to support.requests.v1",
        "1 stay: they are pointers, and support.requests.v1 does not keep their records, or no client can unpack them",
    ]


async def test_pointers_are_listed_and_shown_as_such(kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]) -> None:
    await pointed_at(sender, b"not json")
    await put_aside(sender, record(b"{", [("forewarn-form", b"pointer")]))  # a forged one is whole
    await list_on(Brokers(kafka), TOPIC)
    assert capsys.readouterr().out.rstrip().endswith(", 1 without their bytes")
    await show_on(Brokers(kafka), TOPIC, (0, 0), 1)
    assert "  pointer    no bytes here: 8 of them, sha256 " in capsys.readouterr().out


async def test_ten_thousand_letters_go_back_in_reasonable_time(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = [await sender.send(TOPIC, b"{", key=b"%d" % n, partition=0) for n in range(9_000)]
    places = [(await each).offset for each in accepted]
    letters = [DeadLetter(record(b"{", offset=offset), Reason.NOT_JSON, "malformed").message("s", Form.POINTER) for offset in places]
    letters += [DeadLetter(record(b"["), Reason.NOT_JSON, "malformed").message("s")] * 1_000
    for letter in letters:
        ours = [(name, b"0" if name == "forewarn-partition" else held) for name, held in letter.headers]
        await sender.send(letter.topic, letter.value, headers=ours)
    await sender.flush()
    async with asyncio.timeout(60):
        assert await redrive_on(Brokers(kafka), TOPIC) == 0
    assert "10,000 dead letters went back" in capsys.readouterr().out


# ── of erased customers ──────────────────────────────────────────────────────────────────────


@pytest.fixture
async def erased(monitor_database: Database, fresh_database: Settings) -> AsyncIterator[Erased]:
    """Yields a service that has erased c-17, and one that does not answer."""
    async with monitor_database.transaction() as tx:
        await erase(tx, [], "c-17", datetime.now(UTC))
    async with serving(Service("monitor", fresh_database, monitor_database)) as url:
        yield Erased([url, f"http://127.0.0.1:{free_port()}"], "operator-token")


async def on_topic(kafka: str) -> list[ConsumerRecord]:
    """Returns everything that stands on the topic itself."""
    return [each async for each in reading.everything(Brokers(kafka), TOPIC)]


OF_THE_ERASED = {
    "key": (b"c-17", b"likes tea", ()),
    "header": (b"x", b"likes tea", [("ce_subject", b"c-17")]),
    "subject": (b"x", b'{"subject": "c-17", "data": {"body": "likes tea"}}', ()),
    "data": (b"x", b'{"subject": "t-1", "data": {"ticket": {"customer_id": "c-17"}, "body": "likes tea"}}', ()),
    "anywhere": (b"x", b'{"subject": "t-1", "data": {"body": "likes tea", "about": {"x": "c-17"}}}', ()),
    "no JSON": (b"x", b'{"subject": "c-17", "data": {"body": "likes tea"', ()),
}
EACH_WAY = pytest.mark.parametrize(("key", "value", "headers"), OF_THE_ERASED.values(), ids=OF_THE_ERASED)


@EACH_WAY
async def test_no_word_of_an_erased_customer_is_shown_or_sent_back(
    kafka: str,
    sender: AIOKafkaProducer,
    erased: Erased,
    capsys: pytest.CaptureFixture[str],
    key: bytes,
    value: bytes,
    headers: Headers,
) -> None:
    await put_aside(sender, record(value, headers, key))
    await put_aside(sender, record(b'{"subject": "c-170"}', key=b"c-170", offset=42))
    assert await show_on(Brokers(kafka), TOPIC, None, 3, erased) == 0
    shown = capsys.readouterr().out
    assert "tea" not in shown
    assert f"{TOPIC}.dlq partition 0 offset 0 is about a customer who was erased: it is not shown" in shown
    assert "key        c-170" in shown
    assert await redrive_on(Brokers(kafka), TOPIC, erased=erased) == 0
    assert "1 stay: their customers were erased" in capsys.readouterr().out
    assert [each.key for each in await on_topic(kafka)] == [b"c-170"]


async def test_of_several_customers_only_the_erased_is_left_out(
    kafka: str, sender: AIOKafkaProducer, erased: Erased, capsys: pytest.CaptureFixture[str]
) -> None:
    customers = [{"customer_id": each, "count": 1} for each in ("c-16", "c-17", "c-18")]
    await put_aside(sender, record(json.dumps({"subject": "i-1", "data": {"customers": customers}}).encode(), key=b"i-1"))
    await show_on(Brokers(kafka), TOPIC, None, 1, erased)
    shown = capsys.readouterr().out
    assert "c-16" in shown
    assert "c-17" not in shown
    assert await redrive_on(Brokers(kafka), TOPIC, erased=erased) == 0
    [back] = await on_topic(kafka)
    assert json.loads(back.value)["data"]["customers"] == [customers[0], customers[2]]


async def test_what_came_after_the_erasure_is_shown(
    kafka: str, sender: AIOKafkaProducer, erased: Erased, capsys: pytest.CaptureFixture[str]
) -> None:
    later = replace(record(b"likes tea again"), timestamp=int((datetime.now(UTC) + timedelta(minutes=1)).timestamp() * 1000))
    await put_aside(sender, later)
    await show_on(Brokers(kafka), TOPIC, None, 1, erased)
    assert "likes tea again" in capsys.readouterr().out


async def test_a_pointer_at_an_erased_customers_record_sends_nothing_back(
    kafka: str, sender: AIOKafkaProducer, erased: Erased, capsys: pytest.CaptureFixture[str]
) -> None:
    await pointed_at(sender, b'{"subject": "c-17"}')
    before = len(await on_topic(kafka))
    assert await redrive_on(Brokers(kafka), TOPIC, erased=erased) == 0
    assert "1 stay: their customers were erased" in capsys.readouterr().out
    assert len(await on_topic(kafka)) == before


@pytest.mark.parametrize("token", ["operator-token", "nobody"])
async def test_when_no_service_says_who_was_erased_nothing_is_shown_or_sent_back(
    kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str], token: str
) -> None:
    await put_aside(sender, record(b"likes tea"))
    nobody = Erased([f"http://127.0.0.1:{free_port()}"], token)
    for command in (show_on(Brokers(kafka), TOPIC, None, 1, nobody), redrive_on(Brokers(kafka), TOPIC, erased=nobody)):
        with pytest.raises(Failed) as failed:
            await command
        assert "--unchecked" in str(failed.value.args[-1])
    assert "tea" not in capsys.readouterr().out


async def test_an_impact_of_five_hundred_is_asked_about_whole(
    kafka: str, sender: AIOKafkaProducer, erased: Erased, capsys: pytest.CaptureFixture[str]
) -> None:
    customers = [
        {"customer_id": f"c-{number}", "certainty": "confirmed", "first_seen_at": f"{number}a", "last_seen_at": f"{number}b"}
        for number in range(500)
    ]
    await put_aside(sender, record(json.dumps({"subject": "i-1", "data": {"customers": customers}}).encode(), key=b"i-1"))
    await redrive_on(Brokers(kafka), TOPIC, erased=erased)
    [back] = await on_topic(kafka)
    assert len(json.loads(back.value)["data"]["customers"]) == 499
