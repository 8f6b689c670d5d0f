"""Events come with random keys, without keys, by librdkafka's default partitioner and by HTTP, each three times: all is exact."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx2
import pytest
from confluent_kafka import Producer

from deploy import topics
from deploy.simulator.play import Record
from shared.cloudevents import read_fact
from shared.connecting.brokers import Brokers
from shared.events import FACT_OF, IncidentImpact, IncidentOpened, IncidentResolved, Topic
from shared.postgres import Database
from shared.settings import Settings
from tests.builders import NOON
from tests.conftest import opened
from tests.containers import Kafka, kafka
from tests.e2e.monitors import monitor
from tests.flow.monitor_site import PUBLISHED, told, victims
from tests.topics import everything_in

__all__ = ["kafka"]
pytestmark = pytest.mark.docker

WITHIN = 90.0  # seconds for two processes to read it all


@pytest.fixture
async def ports(kafka: Kafka, fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Sequence[int]]:
    """Yields two monitors on the real broker, ready."""
    await topics.agree(Brokers(kafka.bootstrap), topics.read())
    async with monitor(kafka, fresh_database, tmp_path) as (_, one), monitor(kafka, fresh_database, tmp_path) as (_, other):
        yield one, other


def produce(bootstrap: str, events: Sequence[Record], dice: random.Random) -> None:
    """Produces as librdkafka does by default, with the partitioner `consistent_random`."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20})
    for event in events:
        for _ in range(3):
            producer.produce(Topic.PRODUCT_EVENTS, event.value, dice.choice([None, dice.randbytes(8)]))
        producer.poll(0)
    assert producer.flush(60) == 0


async def post(port: int, events: Sequence[Record]) -> None:
    headers = {"authorization": "Bearer producer-token", "content-type": "application/cloudevents-batch+json"}
    async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
        thrice = [event.value for event in events for _ in range(3)]
        for at in range(0, len(thrice), 900):
            said = await http.post(f"http://127.0.0.1:{port}/v1/events", content=b"[" + b",".join(thrice[at : at + 900]) + b"]")
            assert said.status_code == 202, said.text


async def until_counted(database: Database, distinct: int) -> dict[str, int]:
    """Returns the accounts, once every event is folded."""
    account: dict[str, int] = {}
    async with asyncio.timeout(WITHIN):
        while account.get("known", 0) < 3 * distinct:
            await asyncio.sleep(0.3)
            async with database.connection() as connection:
                row = await connection.fetchrow(
                    "SELECT coalesce(sum(counted + duplicate + unmatched + dead), 0)::int AS known, sum(counted)::int AS counted,"
                    " sum(duplicate)::int AS duplicate, sum(late)::int AS late,"
                    " (SELECT coalesce(sum(events), 0)::int FROM fold_forwarded) AS forwarded FROM fold_accounts"
                )
            assert row is not None
            account = dict(row)
    return account


async def facts_of(bootstrap: str) -> list[object]:
    """Returns every fact about incidents that was published."""
    records = await everything_in(Topic.INCIDENTS, bootstrap)
    return [read_fact(record.value, record.headers, NOON.replace(year=2100), FACT_OF) for record in records]


async def test_137_of_1000_customers_are_found_whatever_keys_partitioner_and_road_their_events_have(
    kafka: Kafka, ports: Sequence[int], fresh_database: Settings
) -> None:
    events, dice = told(PUBLISHED), random.Random(5)
    # Given two monitors, when the checkout fails for 137 customers: half of the events by Kafka, half by HTTP, each of them three times
    for at in range(0, len(events), 5000):
        some = events[at : at + 5000]
        await asyncio.gather(asyncio.to_thread(produce, kafka.bootstrap, some[::2], dice), post(ports[at // 5000 % 2], some[1::2]))
    # Then every event counts once, and what belonged to the other process was forwarded to it
    async with opened(fresh_database, "monitor") as database:
        account = await until_counted(database, len(events))
        assert (account["known"], account["late"]) == (3 * len(events), 0)
        assert account["duplicate"] == 2 * account["counted"] > len(events)
        assert account["forwarded"] > len(events) * 3 / 2 * 0.2
        # and one incident touches exactly these customers
        async with asyncio.timeout(WITHIN):
            while not (impact := await impact_of_ended(database)):  # noqa: ASYNC110  another process cannot signal
                await asyncio.sleep(0.3)
    assert set(impact) == victims(PUBLISHED)
    # and that is said once of each
    facts = await facts_of(kafka.bootstrap)
    said = Counter(customer.customer_id for fact in facts if isinstance(fact, IncidentImpact) for customer in fact.data.customers)
    assert said == Counter(victims(PUBLISHED))
    assert [sum(isinstance(fact, kind) for fact in facts) for kind in (IncidentOpened, IncidentResolved)] == [1, 1]


async def impact_of_ended(database: Database) -> list[str]:
    """Returns the customers of the only incident, once it is resolved and they are told; none before."""
    async with database.connection() as connection:
        incidents = await connection.fetch("SELECT status FROM incidents")
        waiting = await connection.fetchval("SELECT count(*) FROM outbox")
        assert len(incidents) <= 1
        if waiting or [row["status"] for row in incidents] != ["resolved"]:
            return []
        return [row["customer_id"] for row in await connection.fetch("SELECT customer_id FROM impact")]
