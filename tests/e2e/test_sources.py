"""A shop's own topic on a real broker, connected by twenty lines of sources.yml: exact, also when monitor is killed in the middle."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from shutil import copytree
from textwrap import dedent
from typing import Any

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
from tests.faults.site import within
from tests.topics import everything_in
from tests.unit.monitor.sources.writing import ORDERS, order

__all__ = ["kafka"]
pytestmark = pytest.mark.docker

WRONG = 7
CUSTOMERS, VICTIMS, AT_ONCE, SECONDS = 100, 23, 300, 40  # orders a second
WITHIN = 90.0  # seconds


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


async def _topics(bootstrap: str, shop: str, prefix: str) -> None:
    """Makes the shop's topic as the shop would, and ours as init does."""
    brokers = Brokers(bootstrap, prefix)
    await topics.agree(brokers, topics.read(foreign=[shop]))
    admin = brokers.admin("the-shop")
    await admin.start()
    await admin.create_topics([NewTopic(shop, 3, 1)])
    await admin.close()


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
    await _topics(kafka.bootstrap, shop, prefix)
    config = copytree(ROOT / "deploy/config", tmp_path / "config")
    (config / "sources.yml").write_text(dedent(ORDERS).replace("shop.orders", shop))
    more = {"CONFIG_DIR": str(config), "KAFKA_PREFIX": prefix}
    async with opened(fresh_database, "monitor") as database:
        # When 23 of 100 customers cannot pay, and monitor is killed while it reads
        async with monitor(kafka, fresh_database, tmp_path, **more) as (running, _):
            await asyncio.to_thread(_produce, kafka.bootstrap, shop, [*orders[: len(orders) // 2], *[b"no order"] * WRONG], dice)
            await within(WITHIN, lambda: _has_counted(database, 1), "the first orders count")
            running.process.kill()
            await running.process.wait()
        async with monitor(kafka, fresh_database, tmp_path, **more):
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
    """Returns how many incidents were opened, and how often each customer was said to be touched."""
    records = await everything_in(prefix + Topic.INCIDENTS, bootstrap)
    facts = [read_fact(record.value, record.headers, NOON.replace(year=2100), FACT_OF) for record in records]
    touched = Counter(customer.customer_id for fact in facts if isinstance(fact, IncidentImpact) for customer in fact.data.customers)
    return sum(isinstance(fact, IncidentOpened) for fact in facts), touched
