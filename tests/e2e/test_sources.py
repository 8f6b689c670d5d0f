"""A shop's own topic on a real broker, connected by twenty lines of sources.yml: exact, also when monitor is killed in the middle."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from shutil import copytree
from typing import Any

import httpx2
import pytest
from aiokafka.admin import NewTopic
from confluent_kafka import Producer

from deploy import topics
from deploy.local.processes import ROOT
from shared.cloudevents import read_fact
from shared.connecting.brokers import Brokers
from shared.events import FACT_OF, IncidentImpact, IncidentOpened, Topic
from shared.postgres import Database
from shared.settings import Settings
from tests.builders import NOON
from tests.conftest import opened
from tests.containers import Kafka, kafka
from tests.e2e.monitors import monitor
from tests.e2e.test_any_key import produce
from tests.faults.site import within
from tests.flow.monitor_site import SMALL, told
from tests.topics import everything_in
from tests.unit.monitor.sources.writing import ORDERS, order

__all__ = ["kafka"]
pytestmark = pytest.mark.docker

WRONG = 7
CUSTOMERS, VICTIMS, AT_ONCE, SECONDS = 100, 23, 300, 40  # orders a second
WITHIN = 90.0  # seconds
NO_TOPIC = "not assigned yet: there may be no such topic, or it may not be read"


def _orders() -> list[dict[str, Any]]:
    """Returns orders of a hundred customers, of whom 23 cannot pay."""
    return [
        order(
            number,
            f"c-{number % CUSTOMERS}",
            "PAYMENT_FAILED" if number % CUSTOMERS < VICTIMS else "PAID",
            int((NOON.timestamp() + number / AT_ONCE) * 1000),
        )
        for number in range(AT_ONCE * SECONDS)
    ]


def _produce(bootstrap: str, topic: str, orders: Sequence[Any], dice: random.Random) -> None:
    """Writes as the shop does: by the order's own number."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20})
    for each in orders:
        producer.produce(topic, each if isinstance(each, bytes) else json.dumps(each).encode(), dice.randbytes(8))
        producer.poll(0)
    assert producer.flush(60) == 0


async def _make(bootstrap: str, shop: str) -> None:
    """Makes the shop's topic as the shop would."""
    admin = Brokers(bootstrap).admin("the-shop")
    await admin.start()
    await admin.create_topics([NewTopic(shop, 3, 1)])
    await admin.close()


def _config(folder: Path, shop: str) -> Path:
    """Returns a folder of the shipped configuration with one source."""
    config = copytree(ROOT / "deploy/config", folder / "config")
    (config / "sources.yml").write_text(ORDERS.replace("shop.orders", shop))
    return config


async def _account(database: Database) -> dict[str, int]:
    async with database.connection() as connection:
        row = await connection.fetchrow("SELECT coalesce(sum(counted), 0)::int AS counted, sum(late)::int AS late FROM fold_accounts")
    assert row is not None
    return dict(row)


async def _has_counted(database: Database, events: int) -> bool:
    return (await _account(database))["counted"] >= events


@pytest.mark.parametrize(("shop", "prefix"), [("shop.orders", ""), ("acme.orders", "acme.")])
async def test_orders_of_a_shop_are_found_out_about_exactly_although_monitor_is_killed(
    kafka: Kafka, fresh_database: Settings, tmp_path: Path, shop: str, prefix: str
) -> None:
    orders, dice = _orders(), random.Random(3)
    # Given a shop that knows nothing of Forewarn, and a monitor with one source
    await topics.agree(Brokers(kafka.bootstrap, prefix), topics.read(foreign=[shop]))
    await _make(kafka.bootstrap, shop)
    more = {"CONFIG_DIR": str(_config(tmp_path, shop)), "KAFKA_PREFIX": prefix}
    async with opened(fresh_database, "monitor") as database:
        # When 23 of 100 customers cannot pay, and monitor is killed while it reads
        async with monitor(kafka, fresh_database, tmp_path, more) as (running, _):
            await asyncio.to_thread(_produce, kafka.bootstrap, shop, [*orders[: len(orders) // 2], *[b"no order"] * WRONG], dice)
            await within(WITHIN, lambda: _has_counted(database, 1), "the first orders count")
            running.process.kill()
            await running.process.wait()
        async with monitor(kafka, fresh_database, tmp_path, more):
            await asyncio.to_thread(_produce, kafka.bootstrap, shop, orders[len(orders) // 2 :], dice)
            # Then every order counts once
            await within(WITHIN, lambda: _has_counted(database, len(orders)), "all orders count")
            assert await _account(database) == {"counted": len(orders), "late": 0}
            # and one incident touches exactly those 23
            await within(WITHIN, lambda: _has_said(kafka.bootstrap, prefix, VICTIMS), "all of them are said to be touched")
            said = await _said(kafka.bootstrap, prefix)
            letters = await everything_in(f"{prefix}{shop}.dlq", kafka.bootstrap)
    assert said == (1, Counter(f"c-{number}" for number in range(VICTIMS)))
    # and what was no order is put aside
    assert [dict(each.headers)["forewarn-reason"] for each in letters] == [b"not_json"] * WRONG


async def _has_said(bootstrap: str, prefix: str, customers: int) -> bool:
    _, touched = await _said(bootstrap, prefix)
    return touched.total() >= customers


async def _said(bootstrap: str, prefix: str) -> tuple[int, Counter[str]]:
    """Returns how many incidents were opened, and how often each customer was said to be touched.

    A fact that was under way at the kill comes once more, by the same id.
    """
    records = await everything_in(prefix + Topic.INCIDENTS, bootstrap)
    read = [read_fact(record.value, record.headers, NOON.replace(year=2100), FACT_OF) for record in records]
    facts = {fact.id: fact for fact in read if fact is not None}.values()
    touched = Counter(customer.customer_id for fact in facts if isinstance(fact, IncidentImpact) for customer in fact.data.customers)
    return sum(isinstance(fact, IncidentOpened) for fact in facts), touched


async def test_a_topic_that_is_not_there_holds_up_nothing_but_itself(kafka: Kafka, fresh_database: Settings, tmp_path: Path) -> None:
    shop, events = "late.orders", told(SMALL)[:200]
    await topics.agree(Brokers(kafka.bootstrap), topics.read(foreign=[shop]))
    settings = {"CONFIG_DIR": str(_config(tmp_path, shop))}
    # Given a source whose topic nobody has made yet
    started = monitor(kafka, fresh_database, tmp_path, settings, until_ready=False)
    async with opened(fresh_database, "monitor") as database, httpx2.AsyncClient() as http, started as (_, port):
        # When a product speaks, it is heard
        await within(WITHIN, lambda: _says(http, port, customers="ok", **{shop: NO_TOPIC}), "only the source is not there")
        await within(WITHIN, lambda: _is_ready(http, port), "monitor is ready without it")
        await asyncio.to_thread(produce, kafka.bootstrap, events, random.Random(1))
        await within(WITHIN, lambda: _has_counted(database, len(events)), "the product's events count")
        # and when the shop has made its topic, that is heard, too
        await _make(kafka.bootstrap, shop)
        await asyncio.to_thread(_produce, kafka.bootstrap, shop, _orders()[:100], random.Random(1))
        await within(WITHIN, lambda: _has_counted(database, len(events) + 100), "the shop's orders count")
        await within(WITHIN, lambda: _says(http, port, **{shop: "ok"}), "the source is ready: how far it is behind is known a moment later")


async def _says(http: httpx2.AsyncClient, port: int, **wanted: str) -> bool:
    """Says whether /readyz says this of these topics."""
    try:
        said = (await http.get(f"http://127.0.0.1:{port}/readyz")).json()
    except httpx2.TransportError:
        return False
    return all(said.get(f"{name}.v1" if name == "customers" else name) == what for name, what in wanted.items())


async def _is_ready(http: httpx2.AsyncClient, port: int) -> bool:
    return (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
