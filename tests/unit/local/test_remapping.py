"""Dead letters of another system's topic are mapped once more when the mapping is mended; nothing is written to that topic."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord

from deploy.local.dlq import redrive_on
from shared.cloudevents import Reason, read_event
from shared.connecting.brokers import Brokers
from shared.events import Topic
from shared.streaming.dead_letters import DeadLetter, Form
from tests.topics import everything_in
from tests.unit.monitor.sources.writing import NOW, ORDERS, STAMP, order, source

SHOP = "shop.orders"
PLACES = """
    sources:
      - topic: shop.orders
        events: [{type: com.example.order, subject: "{user.id}", data: {trace: "{kafka.header.trace}"}}]
"""


@pytest.fixture
async def sender(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    yield producer
    await producer.stop()


def _record(said: object, offset: int = 41) -> ConsumerRecord:
    value = said if isinstance(said, bytes) else json.dumps(said).encode()
    return ConsumerRecord(SHOP, 3, offset, STAMP, 0, b"9", value, None, 1, len(value), [("trace", b"t-1")])


async def _put_aside(sender: AIOKafkaProducer, *records: ConsumerRecord, form: Form = Form.WHOLE) -> None:
    for record in records:
        letter = DeadLetter(record, Reason.UNMAPPED, "no_time: {ts}").message("forewarn-monitor-shop.orders", form, foreign=True)
        await sender.send_and_wait(letter.topic, letter.value, key=letter.key, headers=list(letter.headers), partition=0)


async def test_when_the_mapping_is_mended_what_waits_becomes_events_once(
    kafka: str, sender: AIOKafkaProducer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await _put_aside(sender, _record(order(1, "c-17") | {"ts": NOW.isoformat()}, 41), _record(b"no order", 42))
    mended = source(tmp_path, ORDERS.replace("[unix_ms]", "[unix_ms, iso]"))
    said = [
        "1 unmapped",
        "1 dead letters {} mapped once more",
        "1 stay: they fit the mapping nowhere; `forewarn sources try` says why",
    ]
    # A dry run says so and sends nothing
    assert await redrive_on(Brokers(kafka), SHOP, dry_run=True, source=mended) == 1
    assert capsys.readouterr().out.splitlines() == [each.format("would be") for each in said]
    assert await everything_in(Topic.PRODUCT_EVENTS, kafka) == []
    # The second time what fitted has gone
    assert await redrive_on(Brokers(kafka), SHOP, source=mended) == 1
    assert capsys.readouterr().out.splitlines() == [each.format("were") for each in said]
    assert await redrive_on(Brokers(kafka), SHOP, source=mended) == 1
    assert capsys.readouterr().out.startswith("0 dead letters were mapped once more\n")
    [record] = await everything_in(Topic.PRODUCT_EVENTS, kafka)
    event = read_event(record.value, record.headers, NOW)
    assert (event.id, event.subject, event.time, record.key) == (f"o-1:PAYMENT_FAILED:{NOW.isoformat()}", "c-17", NOW, b"c-17")


async def test_an_event_without_an_id_of_its_own_is_named_by_where_its_record_stood(
    kafka: str, sender: AIOKafkaProducer, tmp_path: Path
) -> None:
    await _put_aside(sender, _record(order(1, "c-17")))
    assert await redrive_on(Brokers(kafka), SHOP, source=source(tmp_path, PLACES)) == 0
    [record] = await everything_in(Topic.PRODUCT_EVENTS, kafka)
    event = read_event(record.value, record.headers, NOW)
    assert (event.id, event.source, event.time, event.data) == ("3:41", "/topic/shop.orders", NOW, {"trace": "t-1"})


async def test_a_pointer_is_followed_to_the_topic_itself(kafka: str, sender: AIOKafkaProducer, tmp_path: Path) -> None:
    value = json.dumps(order(1, "c-17")).encode()
    stood = await sender.send_and_wait(SHOP, value, key=b"9", partition=3)
    await _put_aside(sender, _record(value, stood.offset), form=Form.POINTER)
    assert await redrive_on(Brokers(kafka, prefix=""), SHOP, source=source(tmp_path)) == 0
    [record] = await everything_in(Topic.PRODUCT_EVENTS, kafka)
    assert read_event(record.value, record.headers, NOW).subject == "c-17"
    assert len(await everything_in(SHOP, kafka)) == 1


async def test_without_a_source_they_stay(kafka: str, sender: AIOKafkaProducer, capsys: pytest.CaptureFixture[str]) -> None:
    await _put_aside(sender, _record(order(1, "c-17")))
    await sender.send_and_wait(SHOP, b"{}", partition=0)
    assert await redrive_on(Brokers(kafka), SHOP) == 0
    assert "1 stay: shop.orders is another system's" in capsys.readouterr().out
    assert len(await everything_in(SHOP, kafka)) == 1
