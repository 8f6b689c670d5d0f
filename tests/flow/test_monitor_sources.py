"""A company's own topic, connected by sources.yml alone, is found out about as if its system had spoken to Forewarn."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from services.monitor import metrics
from services.monitor.hearing import sources
from services.monitor.rules.file import RulesFile
from shared import metrics as shared_metrics
from shared.cloudevents import Reason
from shared.configuration.files import load
from shared.events import CustomerUpdated, IncidentImpact, IncidentOpened, RiskCleared, RiskRaised, Topic
from shared.outgoing.forwarding import Forwarded
from shared.postgres import Database
from tests.builders import NOON
from tests.fakes import FakeConsumer, FakeForwarder
from tests.figures import value
from tests.flow.monitor_site import RULES, Site
from tests.unit.monitor.sources.writing import ORDERS, order
from tests.unit.monitor.sources.writing import sources as written

pytestmark = pytest.mark.asyncio

SHOP = "shop.orders"
EXAMPLE_RULES = Path(__file__).parents[2] / "deploy/config/examples/rules.yml"
DIRECTORY = """
    sources:
      - topic: crm.people
        time: {from: "{changed}"}
        events:
          - type: forewarn.customer.updated.v1
            id: "{no}:{changed}"
            subject: "{no}"
            data: {name: "{name}", contacts: [{channel: email, address: "{mail}"}]}
"""


BASKETS = """
    sources:
      - topic: shop.baskets
        each: items
        events: [{type: com.example.item, subject: "{user}", data: {sku: "{each.sku}"}}]
"""


class Shop(Site):
    """monitor with one source, of a topic that only the company writes."""

    def __init__(self, database: Database, folder: Path, text: str = ORDERS, rules: RulesFile = RULES) -> None:
        super().__init__(database, rules=rules)
        self.file, self.breaks = written(folder, text), False

    async def start(self) -> None:
        """Starts a process. Whatever an earlier one held in memory is gone, without a word."""
        await super().start()
        to = {topic: _Breaking(self, self.topics.forward(topic, self.refuses)) for topic in sources.TO}
        [stream] = sources.streams(self.file, self.database, to)
        self.source = FakeConsumer(self.topics, stream)
        await self.source.assign()

    def write(self, *said: Any) -> None:
        """Writes records as the company's system does: by any key."""
        for number, each in enumerate(said):
            held = each if isinstance(each, bytes) else json.dumps(each).encode()
            self.topics.put(self.file.sources[0].topic, held, key=b"%d" % number)

    async def turn(self) -> int:
        return await self.source.turn() + await super().turn()

    def letters(self) -> list[tuple[bytes | None, bytes | None]]:
        """Returns reason and detail of each dead letter of the source."""
        headers = [dict(record.headers) for record in self.topics.records(f"{self.file.sources[0].topic}.dlq")]
        return [(each.get("forewarn-reason"), each.get("forewarn-detail")) for each in headers]


class _Breaking:
    """Forwards, unless the broker is away."""

    def __init__(self, shop: Shop, to: FakeForwarder) -> None:
        self._shop, self._to = shop, to

    async def send(self, records: Sequence[Forwarded]) -> list[Forwarded]:
        sent = await self._to.send(records)
        if self._shop.breaks:
            raise KafkaConnectionError("the broker went away after it had taken them")
        return sent

    async def partitions(self) -> int:
        return await self._to.partitions()


def _orders(at: float = NOON.timestamp()) -> list[dict[str, Any]]:
    """Returns the orders of half a minute: of 40 customers, of whom 12 cannot pay."""
    return [
        order(number, f"c-{number % 40}", "PAYMENT_FAILED" if number % 40 < 12 else "PAID", int((at + number / 20) * 1000))
        for number in range(600)
    ]


@pytest.fixture
async def shop(monitor_database: Database, tmp_path: Path) -> Shop:
    made = Shop(monitor_database, tmp_path)
    await made.start()
    return made


async def test_failed_payments_of_a_shop_are_an_incident_that_touches_exactly_its_customers(shop: Shop) -> None:
    orders, mapped = _orders(), value(metrics.SOURCE_RECORDS.labels(SHOP, "mapped"))
    for begin in range(0, len(orders), 20):
        shop.wall = NOON.timestamp() + begin / 20 + 1
        shop.write(*orders[begin : begin + 20])
        await shop.settle()
    facts = shop.topics.facts(Topic.INCIDENTS)
    [opened] = [fact for fact in facts if isinstance(fact, IncidentOpened)]
    assert opened.data.component == "payment"
    touched = Counter(customer.customer_id for fact in facts if isinstance(fact, IncidentImpact) for customer in fact.data.customers)
    assert touched == Counter(f"c-{number}" for number in range(12))
    assert value(metrics.SOURCE_RECORDS.labels(SHOP, "mapped")) == mapped + len(orders)


async def test_what_a_process_takes_whose_partitions_another_one_has_is_counted_by_the_other_alone(shop: Shop) -> None:
    mapped, stale = value(metrics.SOURCE_RECORDS.labels(SHOP, "mapped")), shop.source
    await stale.stream.tick()
    await shop.start()
    shop.write(*_orders()[:20])
    await shop.settle()
    assert value(metrics.SOURCE_RECORDS.labels(SHOP, "mapped")) == mapped + 20
    fenced = value(shared_metrics.FENCED.labels(SHOP))
    await stale.turn()
    assert value(shared_metrics.FENCED.labels(SHOP)) == fenced + 1
    assert value(metrics.SOURCE_RECORDS.labels(SHOP, "mapped")) == mapped + 20


async def test_three_failed_payments_of_a_shop_raise_a_risk_for_that_customer_alone(monitor_database: Database, tmp_path: Path) -> None:
    """The shop is connected, and its customers are watched, by the two example files alone."""
    rules = load(EXAMPLE_RULES, RulesFile)
    shop = Shop(monitor_database, tmp_path, rules=RulesFile(rules=[*RULES.rules, *rules.rules]))
    await shop.start()
    shop.wall, at = NOON.timestamp() + 60, int(NOON.timestamp() * 1000)
    for number in range(3):
        shop.write(
            order(1, "c-17", at=at + number * 1000),  # tries to pay the same order
            order(1, "c-17", at=at),  # and the first try is said again
            order(10 + number, "c-18", "PAID" if number == 1 else "PAYMENT_FAILED", at + number * 1000),
            order(20 + number, "c-19", "PAID", at + number * 1000),
        )
        await shop.settle()
    [raised] = shop.topics.facts(Topic.RISKS)
    assert isinstance(raised, RiskRaised)
    assert (raised.subject, raised.data.rule) == ("c-17", "payment-declined")
    assert raised.data.evidence[0].startswith("3 failures in a row")
    shop.write(order(1, "c-17", "PAID", at + 5000))
    await shop.settle()
    cleared = shop.topics.facts(Topic.RISKS)[-1]
    assert isinstance(cleared, RiskCleared)
    assert (cleared.subject, cleared.data.reason) == ("c-17", "recovered")


async def test_a_record_that_is_mapped_again_after_the_broker_was_away_counts_once(shop: Shop) -> None:
    orders = _orders()[:40]
    shop.wall = NOON.timestamp() + 5
    shop.write(*orders)
    shop.breaks = True
    await shop.source.turn()
    shop.breaks = False
    shop.source.stream.retry_now()
    await shop.source.stream.tick()
    await shop.start()  # another process takes over
    await shop.settle()
    assert len(shop.topics.records(Topic.PRODUCT_EVENTS)) > len(orders)
    [account] = await shop.rows("SELECT sum(counted)::int AS counted, sum(duplicate)::int AS duplicate FROM fold_accounts")
    assert account["counted"] == len(orders)
    assert account["duplicate"] == len(shop.topics.records(Topic.PRODUCT_EVENTS)) - len(orders)


async def test_what_fits_no_mapping_is_put_aside_with_its_reason_and_the_rest_is_read(shop: Shop) -> None:
    shop.wall = NOON.timestamp() + 5
    at = int(NOON.timestamp() * 1000)
    shop.write(
        b"no json", order(1, "c-1", at=at), order(2, "c-2") | {"ts": "soon, Ada"}, order(3, "c-3", at=at), {"status": "PAID", "ts": at}
    )
    await shop.settle()
    assert sorted(shop.letters(), key=str) == [
        (b"not_json", b"malformed"),
        (Reason.UNMAPPED.encode(), b"no_identity: id, source or subject"),
        (Reason.UNMAPPED.encode(), b"no_time: {ts}"),
    ]
    assert len(shop.topics.records(Topic.PRODUCT_EVENTS)) == 2
    # and each letter says that nothing is to be sent back
    assert all(dict(record.headers)["forewarn-foreign"] == b"true" for record in shop.topics.records(f"{SHOP}.dlq"))


async def test_however_much_is_refused_no_brake_stops_the_topic(shop: Shop) -> None:
    shop.wall = NOON.timestamp() + 5
    shop.write(*[b"no json"] * 3_000, order(1, "c-1", at=int(NOON.timestamp() * 1000)))
    await shop.settle()
    assert not shop.source.stream.brake.tripped
    assert len(shop.topics.records(Topic.PRODUCT_EVENTS)) == 1


async def test_what_the_broker_refuses_is_put_aside(shop: Shop) -> None:
    shop.refuses.add(b"c-1")
    shop.wall, at = NOON.timestamp() + 5, int(NOON.timestamp() * 1000)
    shop.write(order(1, "c-1", at=at), order(2, "c-2", at=at))
    await shop.settle()
    assert shop.letters() == [(Reason.UNMAPPED.encode(), b"the broker refuses what it becomes")]
    assert len(shop.topics.records(Topic.PRODUCT_EVENTS)) == 1


async def test_every_order_is_mapped_once_whatever_the_topic_is_read_again(shop: Shop) -> None:
    shop.wall = NOON.timestamp() + 5
    shop.write(*_orders()[:40])
    await shop.settle()
    for _ in range(2):
        await shop.start()
        await shop.settle()
    assert len(shop.topics.records(Topic.PRODUCT_EVENTS)) == 40


async def test_a_directory_of_people_becomes_customers(monitor_database: Database, tmp_path: Path) -> None:
    crm = Shop(monitor_database, tmp_path, DIRECTORY)
    await crm.start()
    crm.write({"no": "c-17", "name": "Ada", "mail": "ada@example.org", "changed": (NOON - timedelta(days=1)).isoformat()})
    await crm.settle()
    [fact] = crm.topics.facts(Topic.CUSTOMERS)
    assert isinstance(fact, CustomerUpdated)
    assert (fact.subject, fact.data.name, fact.data.contacts[0].address) == ("c-17", "Ada", "ada@example.org")


async def test_a_record_of_many_entries_is_written_piece_by_piece(monitor_database: Database, tmp_path: Path) -> None:
    baskets = Shop(monitor_database, tmp_path, BASKETS)
    await baskets.start()
    baskets.wall = NOON.timestamp() + 5
    baskets.write({"user": "c-1", "items": [{"sku": number} for number in range(2 * sources.EVENTS + 1)]}, {"user": "c-2", "items": []})
    await baskets.source.turn()
    written = baskets.topics.records(Topic.PRODUCT_EVENTS)
    assert sorted(int(json.loads(record.value)["data"]["sku"]) for record in written) == list(range(2 * sources.EVENTS + 1))
