"""Topics that others write never stop: what fails is put aside, whole or as a pointer, and the rest goes on."""

import httpx2
import pytest
from aiokafka import TopicPartition

from shared import metrics
from shared.events import FOREIGN, Topic
from shared.outbox import Lane
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings
from shared.stream import Stream
from shared.streaming.dead_letters import REDRIVEN
from tests.figures import value
from tests.unit.shared.shop import Shop, names, raising
from tests.unit.shared.test_outbox import nothing_left, relaying

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def shop(monitor_database: Database) -> Shop:
    return await Shop.opened(monitor_database, Topic.CUSTOMERS)


async def test_topics_that_others_write_are_those_that_carry_no_fact_of_ours() -> None:
    assert {Topic.PRODUCT_EVENTS, Topic.CUSTOMERS, Topic.SUPPORT_REQUESTS} == FOREIGN


async def test_ten_thousand_records_that_do_not_decode_stop_nothing(shop: Shop) -> None:
    for number in range(10_000):
        shop.topics.put(shop.topic, b'{"plain": "json"}', key=b"%d" % number)
        if number % 100 == 0:
            shop.says(f"c-{number}")
    member = shop.member()
    await member.assign()
    await member.drain()
    assert (await shop.written(), await shop.stands_at()) == (sorted(f"c-{n}" for n in range(0, 10_000, 100)), 10_100)
    assert (await member.stream.trouble(), await member.stream.lag()) == (None, 0)
    assert [letter["forewarn-reason"] for letter in await shop.dead()] == ["not_cloudevent"] * 10_000


async def test_above_the_rate_letters_become_pointers_with_the_place_and_without_the_bytes(shop: Shop) -> None:
    for _ in range(30):
        shop.topics.put(shop.topic, b"not json", key=b"c-9", headers=[("x", b"1"), (REDRIVEN, b"2")], partition=1)
    member = shop.member()
    member.stream.aside.per_minute = 20
    await member.assign()
    await member.drain()
    letters = await shop.dead()
    assert [letter["forewarn-form"] for letter in letters] == ["whole"] * 20 + ["pointer"] * 10
    assert (letters[-1]["forewarn-partition"], letters[-1]["forewarn-offset"], letters[-1]["forewarn-size"]) == ("1", "29", "8")
    assert letters[-1][REDRIVEN] == "2"
    last = shop.topics.records(f"{shop.topic}.dlq")[-1]
    assert (last.key, last.value, "x" in dict(last.headers)) == (None, b"", False)


@pytest.mark.parametrize("headers", [[("x\0y", b"1")], [("x", None)], []])
async def test_a_record_without_key_and_value_and_with_any_header_is_a_letter_that_can_be_published(
    shop: Shop, headers: list[tuple[str, bytes]], kafka: str
) -> None:
    shop.topics.put(shop.topic, None, headers=headers)
    shop.says(*names(3))
    member = shop.member()
    await member.assign()
    await member.drain()
    assert (await shop.written(), await shop.stands_at()) == (names(3), 4)
    async with relaying(shop.database, kafka, Lane.BULK):
        await nothing_left(shop.database)
    assert await shop.rows("SELECT * FROM unpublished") == []


async def test_a_record_larger_than_its_dead_letter_topic_takes_becomes_a_stub(shop: Shop) -> None:
    shop.topics.put(shop.topic, b"x" * (5 << 20), key=b"c-9", partition=1)
    shop.says(*names(3))
    before = value(metrics.POINTERS.labels(shop.topic, "stub"))
    member = shop.member()
    await member.assign()
    await member.drain()
    [letter] = await shop.dead()
    assert (letter["forewarn-form"], letter["forewarn-reason"], letter["forewarn-size"]) == ("stub", "too_large", str(5 << 20))
    assert (len(letter["forewarn-sha256"]), await shop.written()) == (64, names(3))
    assert value(metrics.POINTERS.labels(shop.topic, "stub")) == before + 1


async def test_a_handler_that_fails_on_every_record_of_others_does_not_stop_them(shop: Shop) -> None:
    shop.says(*names(110))
    shop.trouble = raising(ValueError("a bug of ours"), times=10_000)
    member = shop.member()
    await member.assign()
    await member.drain()
    assert (await member.stream.trouble(), await shop.stands_at(), len(await shop.dead())) == (None, 110, 110)


async def test_a_hundred_and_fifty_letters_redriven_stop_nothing(shop: Shop) -> None:
    for _ in range(150):
        shop.topics.put(shop.topic, b"still not json", headers=[(REDRIVEN, b"1")])
    shop.says("c-1")
    member = shop.member()
    await member.assign()
    await member.drain()
    assert (await member.stream.trouble(), await shop.written(), len(await shop.dead())) == (None, ["c-1"], 150)


async def test_dead_letters_are_one_line_of_log_a_minute_with_reasons_and_a_source(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    member = shop.member()
    await member.assign()
    for _ in range(5):
        for _ in range(50):
            shop.topics.put(shop.topic, b'{"source": "/shop/web-3"}')
        await member.drain()
    lines = [each.getMessage() for each in caplog.records if "records aside" in each.getMessage()]
    assert len(lines) == 1
    assert "(50 not_cloudevent); for instance partition 0 offset 49 from '/shop/web-3': not_cloudevent" in lines[0]


async def test_a_topic_that_another_system_has_not_made_is_named_and_alone_makes_no_service_unready(
    shop: Shop, fresh_database: Settings
) -> None:
    own, theirs = shop.member(), Stream("shop", "shop.orders", shop.member().stream.processor, shop.database, foreign=True)
    service = Service("shop", fresh_database, shop.database, [own.stream, theirs], consuming=True)
    missing = "not assigned yet: there may be no such topic, or it may not be read"
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(service.app()), base_url="http://shop") as client:
        # Given a topic of our own that is not assigned either
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["shop.orders"]) == (503, missing)
        # When ours is read
        await own.assign()
        await own.drain()
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"database": "ok", shop.topic: "ok", "shop.orders": missing})
        # Then theirs counts, too, from the moment it is there
        await theirs.on_partitions_assigned([TopicPartition("shop.orders", 0)])
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["shop.orders"]) == (503, "positions not loaded")
        service.consuming = False
        assert (await client.get("/readyz")).json()["shop.orders"] == "waiting for the broker"
