"""Events come with any key and by any partition: distinct customers, failure streaks and duplicates are exact all the same."""

import random
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import pytest

from deploy.simulator.play import Record
from services.monitor.fold.keying import home_of
from services.monitor.hearing.rekeying import CAME_FROM, HOPS
from services.monitor.rules.file import RulesFile
from shared.cloudevents import FACT_HEADERS
from shared.events import IncidentImpact, IncidentOpened, IncidentResolved, Topic
from shared.postgres import Database
from tests.builders import NOON, event_bytes
from tests.flow.monitor_site import PUBLISHED, RULES, SMALL, Site, told, victims
from tests.unit.monitor.builders import rule

pytestmark = pytest.mark.asyncio

EIGHT_TIMES = RulesFile(rules=[rule(open={"ratio": 0.5, "events": 8, "customers": 1}, impact={"at_least": 8})])
EVENTS = Topic.PRODUCT_EVENTS


class TwoProcesses:
    """Two monitors that share the partitions of the topic: each has one half."""

    def __init__(self, database: Database, rules: RulesFile = RULES) -> None:
        self.one, self.other = Site(database, rules=rules), Site(database, rules=rules)
        self.other.topics = self.one.topics

    async def start(self) -> None:
        for site, mine in ((self.one, (0, 1)), (self.other, (2, 3))):
            await site.start()
            await site.events.assign(*mine)
            await site.partials.assign(*mine)

    async def settle(self) -> None:
        while await self.one.turn() + await self.other.turn():
            pass

    async def forwarded(self) -> int:
        [row] = await self.one.rows("SELECT coalesce(sum(events), 0)::int AS events FROM fold_forwarded")
        return int(row["events"])


def scattered(events: Sequence[Record], dice: random.Random) -> list[Record]:
    """Returns each event three times; half of them without a key, half with a key that says nothing."""
    return [each._replace(key=dice.choice([b"", dice.randbytes(4)])) for each in events for _ in range(3)]


def say(site: Site, records: Sequence[Record], dice: random.Random) -> None:
    """Puts each record into a random partition, as a producer with another partitioner would."""
    for record in records:
        site.topics.put(EVENTS, record.value, key=record.key or None, partition=dice.randrange(4))


async def tell(sites: Site | TwoProcesses, events: Sequence[Record], dice: random.Random) -> None:
    """Plays the story second by second: half of the events as HTTP sends them, keyed right, the others scattered."""
    one = sites if isinstance(sites, Site) else sites.one
    for second, coming in groupby(events, key=lambda record: int(record.offset)):
        now, sent = NOON.timestamp() + second + 1, list(coming)
        for site in (one,) if isinstance(sites, Site) else (sites.one, sites.other):
            site.wall = now
        one.say(each for each in sent[::2] for _ in range(3))
        say(one, scattered(sent[1::2], dice), dice)
        await sites.settle()


async def assert_one_incident_of_exactly(site: Site, customers: set[str]) -> None:
    [incident] = await site.incidents()
    assert incident["status"] == "resolved"
    assert {row["customer_id"] for row in await site.impact()} == customers
    facts = site.topics.facts(Topic.INCIDENTS)
    said = Counter(customer.customer_id for fact in facts if isinstance(fact, IncidentImpact) for customer in fact.data.customers)
    assert said == Counter(customers)
    assert [sum(isinstance(fact, kind) for fact in facts) for kind in (IncidentOpened, IncidentResolved)] == [1, 1]


async def test_an_outage_told_three_times_with_any_key_is_one_incident_of_exactly_its_137_victims(monitor_database: Database) -> None:
    # Given a product whose producers send each event three times, with random keys, without keys, and by HTTP
    site, events = Site(monitor_database), told(PUBLISHED)
    await site.start()
    # When the checkout fails for 137 of 1,000 customers
    await tell(site, events, random.Random(1))
    # Then that is one incident, and exactly these customers are told, each once
    await assert_one_incident_of_exactly(site, victims(PUBLISHED))
    # and every event counts once
    account = await site.account()
    assert (account["read"], account["late"]) == (3 * len(events), 0)
    assert account["duplicate"] == 2 * account["counted"]


async def test_two_processes_find_the_same_and_forward_what_the_other_folds(monitor_database: Database) -> None:
    both, events = TwoProcesses(monitor_database), told(SMALL)
    await both.start()
    await tell(both, events, random.Random(2))
    await assert_one_incident_of_exactly(both.one, victims(SMALL))
    account, forwarded = await both.one.account(), await both.forwarded()
    assert 0.3 * account["read"] > forwarded > 0.1 * account["read"]  # of the half that is scattered, half belongs to the other process
    assert account["read"] == 3 * len(events) + forwarded
    assert (account["duplicate"], account["late"]) == (2 * account["counted"], 0)


@pytest.mark.parametrize("processes", [1, 2])
async def test_eight_failures_of_one_customer_by_eight_roads_are_one_customer_with_eight_failures(
    processes: int, monitor_database: Database
) -> None:
    sites = Site(monitor_database, rules=EIGHT_TIMES) if processes == 1 else TwoProcesses(monitor_database, EIGHT_TIMES)
    one = sites if isinstance(sites, Site) else sites.one
    await sites.start()
    for number in range(8):
        failed = event_bytes(f"failed-{number}", subject="c-1", data={"component": "checkout", "ok": False})
        one.topics.put(EVENTS, failed, key=b"web-%d" % number, partition=number % 4)
    await sites.settle()
    [impact] = await one.impact()
    assert (impact["customer_id"], impact["count"]) == ("c-1", 8)
    assert len(await one.incidents()) == 1


async def test_a_machine_s_event_on_two_partitions_counts_once(monitor_database: Database) -> None:
    both = TwoProcesses(monitor_database)
    await both.start()
    for number in range(4):
        both.one.topics.put(EVENTS, event_bytes("spoke", subject=None, source="/probe"), partition=number)
        both.one.topics.put(EVENTS, event_bytes("nameless", subject=None, source="/probe", data={"ok": True}), partition=number)
    await both.settle()
    account = await both.one.account()
    assert (account["counted"], account["duplicate"], account["unmatched"]) == (1, 3, 4)


# ── what is forwarded ────────────────────────────────────────────────────────────────────────


def home(customer: str) -> int:
    """Returns the home partition of a key, of four."""
    return home_of(customer.encode(), 4)


def customer_at(*homes: int) -> str:
    """Returns a customer whose home is one of these partitions of four."""
    return next(name for name in (f"c-{number}" for number in range(99)) if home(name) in homes)


async def test_a_forwarded_event_keeps_its_bytes_headers_and_time_and_says_where_it_came_from(monitor_database: Database) -> None:
    both, customer = TwoProcesses(monitor_database), customer_at(2, 3)
    await both.start()
    attributes = {"specversion": "1.0", "id": "b", "source": "/bin", "type": "com.example.request", "time": NOON.isoformat()}
    headers = [(f"ce_{name}", value.encode()) for name, value in {**attributes, "subject": customer}.items()]
    headers += [("content-type", b"application/json"), ("traceparent", b"\x00\xff")]
    sent = both.one.topics.put(EVENTS, b'{"component": "checkout", "ok":true}', key=b"x", headers=headers, partition=1)
    await both.settle()
    [came] = both.one.topics.logs(EVENTS)[home(customer)].records
    assert (came.value, came.key) == (sent.value, customer.encode())
    assert came.headers == (*headers, (CAME_FROM, b"1/0"))
    account = await both.one.account()
    assert (account["read"], account["counted"], await both.forwarded()) == (2, 1, 1)


async def test_an_event_forwarded_again_after_a_crash_counts_once(monitor_database: Database) -> None:
    both, customer = TwoProcesses(monitor_database), customer_at(2, 3)
    await both.start()
    both.one.topics.put(EVENTS, event_bytes("once", subject=customer), partition=0)
    await both.one.take_without_saving()
    await both.start()
    await both.settle()
    assert len(both.one.topics.logs(EVENTS)[home(customer)].records) == 2
    account = await both.one.account()
    assert (account["counted"], account["duplicate"]) == (1, 1)


@pytest.mark.parametrize(("hops", "forwarded"), [(HOPS - 1, 1), (HOPS, 0)])
async def test_an_event_forwarded_too_often_is_folded_where_it_is(hops: int, forwarded: int, monitor_database: Database) -> None:
    both, customer = TwoProcesses(monitor_database), customer_at(2, 3)
    await both.start()
    headers = [*FACT_HEADERS, *((CAME_FROM, b"0/0") for _ in range(hops))]
    both.one.topics.put(EVENTS, event_bytes("bounced", subject=customer), headers=headers, partition=0)
    await both.settle()
    assert (await both.forwarded(), (await both.one.account())["counted"]) == (forwarded, 1)


async def test_an_event_the_broker_refuses_is_folded_where_it_is(monitor_database: Database) -> None:
    both, customer = TwoProcesses(monitor_database), customer_at(2, 3)
    both.one.refuses = {customer.encode()}
    await both.start()
    both.one.topics.put(EVENTS, event_bytes("too large", subject=customer), partition=0)
    both.one.topics.put(EVENTS, event_bytes("beside it", subject=customer_at(3)), partition=0)
    await both.settle()
    account = await both.one.account()
    assert (account["read"], account["counted"]) == (2 + await both.forwarded(), 2)


async def test_what_no_rule_asks_for_is_not_forwarded(monitor_database: Database) -> None:
    both = TwoProcesses(monitor_database)
    await both.start()
    both.one.topics.put(EVENTS, event_bytes("beat", subject=customer_at(2, 3), type_="com.example.heartbeat"), partition=0)
    await both.settle()
    assert (await both.forwarded(), (await both.one.account())["unmatched"]) == (0, 1)


async def test_a_process_that_lost_the_home_partition_saves_nothing_of_it(monitor_database: Database) -> None:
    # Given a process that still believes it has all partitions
    site, customer = Site(monitor_database), customer_at(2)
    await site.start()
    await site.settle()
    # and another that has read on in the home partition of a customer
    site.topics.put(EVENTS, event_bytes("read by the other"), partition=2)
    async with monitor_database.connection() as connection:
        await connection.execute("UPDATE offsets SET next = 1 WHERE topic = $1 AND partition = 2", EVENTS)
    # When the first one folds that customer's event, which came by another partition
    stray = site.topics.put(EVENTS, event_bytes("theirs", subject=customer), partition=0)
    await site.events.stream.on_batch((stray,))
    # Then nothing of it is saved
    assert await site.rows("SELECT FROM fold_cells") == []
    assert (await site.account())["read"] == 0
