"""An operator erases a customer on the page: the fact stands on the broker, every service forgets, and no page shows a word of them."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import httpx2
import pytest
from confluent_kafka import Consumer, Message, Producer

from services.monitor.hearing.events import Folding
from shared.cloudevents import FACT_HEADERS, read_fact
from shared.events import FACT_OF, CustomerErased, Topic
from shared.settings import Settings
from tests.fakes import FakeLoop
from tests.flow.console_door import Door, door
from tests.flow.loop_world import World
from tests.flow.test_erasure_everywhere import ID, WORDS, found, found_everywhere, live
from tests.flow.test_the_loop import world

pytestmark = pytest.mark.asyncio

__all__ = ["world"]  # a fixture

CUSTOMER = f"/customers/{quote(ID, safe='')}"
PARTITIONS = 4  # of a topic of the mock cluster


@pytest.fixture
def kafka() -> Iterator[str]:
    """Yields the address of a cluster inside this process."""
    cluster = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none", "log_level": 0})
    (broker,) = cluster.list_topics(timeout=10).brokers.values()
    yield f"{broker.host}:{broker.port}"
    cluster.close()


@pytest.fixture
async def on(world: World, fresh_database: Settings, kafka: str) -> AsyncIterator[Door]:
    """Yields the console beside the other three; what it publishes goes to the broker."""
    async with door(fresh_database.model_copy(update={"kafka": kafka})) as it:
        yield it


def published(kafka: str) -> list[Message]:
    """Returns the records that stand on customers.v1, which has one in each partition."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "test", "auto.offset.reset": "earliest"})
    consumer.subscribe([Topic.CUSTOMERS])
    try:
        records = [record for record in consumer.consume(PARTITIONS, timeout=30) if record.error() is None]
    finally:
        consumer.close()
    return records


async def forget(world: World, console: FakeLoop) -> None:
    """Does everything that follows from what was published, in all four services."""
    await world.loop.settle()
    for consumer in world.loop.consumers:  # what the wake-up does in the running service
        if isinstance(consumer.stream.processor, Folding):
            consumer.stream.processor.customers_erased()
            await consumer.stream.tick()
    await world.loop.settle()
    await console.settle()


async def pages(browser: httpx2.AsyncClient, on: Door) -> dict[str, str]:
    """Returns every page on which the customer may be named."""
    incidents = [f"/incidents/{row['id']}" for row in await on.rows("SELECT id FROM incidents")]
    tickets = [f"/tickets/{row['number']}" for row in await on.rows("SELECT number FROM tickets")]
    whys = [f"/why?customer={quote(ID, safe='')}&incident={path.rpartition('/')[2]}" for path in incidents]
    beside = [f"{path}/affected{kind}" for path in incidents for kind in ("", ".csv")]
    fixed = ["/", "/queue", "/incidents", "/search?q=marzipan", "/health", "/audit", CUSTOMER]
    return {path: (await browser.get(path)).text for path in (*fixed, *incidents, *beside, *tickets, *whys)}


def shown(text: str) -> set[str]:
    """Returns the customer's words that a page says, but for what was searched for."""
    said = re.sub(r'value="marzipan"|“marzipan”', "", text).casefold()
    return {word for word in WORDS if word.casefold() in said}


async def test_an_operator_erases_a_customer_and_no_page_shows_them_any_more(world: World, on: Door, kafka: str) -> None:
    # Given a customer of whom every service holds something, which the console shows
    await live(world)
    console = FakeLoop(world.topics, world.clock, on.service)
    await console.start()
    await console.settle()
    async with on.browser() as browser:
        await on.add("olga", "operator", None)
        await on.enter(browser, "olga")
        before = await pages(browser, on)
        assert "marzipan" in shown(before[CUSTOMER])
        assert any(shown(text) for path, text in before.items() if path.startswith("/tickets/"))
        assert any(shown(text) for path, text in before.items() if path.endswith("/affected.csv"))

        # When an operator erases them on their page
        form = {"form_id": "one-form-of-this-test", "confirm": ID}
        answers = [await browser.post(f"{CUSTOMER}/erase", data=form) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [303, 303]
        assert "being erased" in (await browser.get(CUSTOMER)).text

        # Then the fact is the last of every partition, once
        records = published(kafka)
        facts = [read_fact(record.value(), FACT_HEADERS, datetime.now(UTC), FACT_OF) for record in records]
        assert sorted(record.partition() or 0 for record in records) == list(range(PARTITIONS))
        assert {(type(fact), fact.subject) for fact in facts if fact} == {(CustomerErased, ID)}
        assert len({fact.id for fact in facts if fact}) == 1

        # and once it is heard, nobody holds or shows a word of them
        for record in records:
            world.topics.put(Topic.CUSTOMERS, record.value(), key=record.key())
        await forget(world, console)
        gone = await browser.get(CUSTOMER)
        assert (gone.status_code, "this customer was erased" in gone.text) == (404, True)
        after = await pages(browser, on)
        del after[CUSTOMER]  # its address says the id
    assert {path: shown(text) for path, text in after.items() if shown(text)} == {}
    assert {name: tables for name, tables in (await found_everywhere(world)).items() if tables} == {}
    assert set(await found(on.service)) <= {"changes"}  # keys for open pages: each row goes after ten minutes
    acts = await on.rows("SELECT person, act, outcome FROM audit WHERE act = 'customer.erase'")
    assert acts == [{"person": "olga", "act": "customer.erase", "outcome": "done"}]
