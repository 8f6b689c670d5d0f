"""A story is played to Kafka (a mock cluster): the bytes read as CloudEvents, and the events carry their own times."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from deploy.simulator.play import Record, customers_told, encode, play, producer
from deploy.simulator.product import Product, alike, directory
from deploy.simulator.story import Story, load, nobody, published
from shared.cloudevents import FACT_HEADERS, read_event, read_fact, write_fact
from shared.connecting.brokers import Brokers
from shared.events import CustomerUpdated, Fact, NotificationDelivered, SupportRequested, Topic


async def everything(bootstrap: str, topic: str, count: int) -> list[ConsumerRecord]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found: list[ConsumerRecord] = []
        deadline = time.monotonic() + 10
        while len(found) < count and time.monotonic() < deadline:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
        return found
    finally:
        await consumer.stop()


def test_every_message_of_a_story_reads_as_what_it_says_it_is() -> None:
    now = datetime.now(UTC)
    known: dict[str, type[Fact]] = {"forewarn.customer.updated.v1": CustomerUpdated, "forewarn.support.requested.v1": SupportRequested}
    story = published()
    messages = [*directory(story.product), *story.messages(nobody, until=40)]
    facts = 0
    for message, record in zip(messages, encode(messages, now.timestamp()), strict=True):
        event = read_event(record.value, FACT_HEADERS, now)
        assert (event.id, event.type, event.subject) == (message.id, message.type, message.subject)
        assert event.time.timestamp() == pytest.approx(now.timestamp() + message.offset, abs=0.002)
        facts += read_fact(record.value, FACT_HEADERS, now, known) is not None
    assert facts > 1000


def test_two_tellings_of_one_story_have_two_sources() -> None:
    def value(source: str) -> bytes:
        return next(encode(published().messages(until=1), 0.0, source)).value

    assert value("/shop/1") != value("/shop/2")


async def test_a_load_arrives_whole_keyed_and_in_the_order_of_each_customer(kafka: str) -> None:
    records = list(encode(load(5_000, 500, alike(5)).messages(until=2), time.time()))
    async with producer(Brokers(kafka)) as sender:
        assert await play(sender, records) == len(records)
    arrived = await everything(kafka, Topic.PRODUCT_EVENTS, len(records))
    assert sorted(record.value for record in arrived) == sorted(record.value for record in records)
    for key in (b"c-1", b"c-250", b"component-2"):
        assert [r.value for r in arrived if r.key == key] == [r.value for r in records if r.key == key]
        assert len({r.partition for r in arrived if r.key == key}) == 1


async def test_in_real_time_no_event_goes_out_before_its_moment_and_none_drifts(kafka: str) -> None:
    start, late = time.time() + 0.1, []

    def watched() -> Iterator[Record]:
        for record in encode(Story(Product(rate=2_000)).messages(until=1), start):
            late.append(time.time() - start - record.offset)
            yield record

    async with producer(Brokers(kafka)) as sender:
        played = await play(sender, watched(), start)
    assert time.time() >= start + 0.99
    assert played > 2_000
    arrived = await everything(kafka, Topic.PRODUCT_EVENTS, played)
    assert len(arrived) == played
    assert max(late[-100:]) < 0.5


async def test_it_is_heard_on_notifications_who_was_told(kafka: str) -> None:
    data = NotificationDelivered.Data(
        notification_id="n-1", customer_id="c-5", kind="opened", channel="email", delivered_at=datetime.now(UTC), message_id="<m@x>"
    )
    fact = NotificationDelivered.of(data, subject="c-5", at=data.delivered_at)
    async with producer(Brokers(kafka)) as sender:
        await sender.partitions_for(Topic.NOTIFICATIONS)
        async with customers_told(Brokers(kafka)) as told:
            deadline = time.monotonic() + 10
            while "c-5" not in told and time.monotonic() < deadline:
                await sender.send_and_wait(Topic.NOTIFICATIONS, b"not json", key=b"c-4")
                await sender.send_and_wait(Topic.NOTIFICATIONS, write_fact(fact), key=b"c-5")
            assert told == {"c-5"}
