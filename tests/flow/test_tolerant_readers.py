"""Tombstones, words of a later version and halves of surrogate pairs are skipped and counted, and what comes after them is read."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.console.hearing.streams import streams as console_streams
from services.ticketing.hearing.incidents import on_incidents
from services.ticketing.hearing.requests import on_requests
from shared.cloudevents import write_fact
from shared.events import FACTS, CustomerErased, Fact, IncidentImpact, NotificationDelivered, SupportRequested, Topic
from shared.postgres import Database
from shared.settings import Settings
from shared.stream import Stream
from shared.streaming.handling import Handling
from tests.builders import customer, request
from tests.conftest import opened as database_of
from tests.fakes import FakeConsumer, FakeTopics
from tests.flow.notifier_stage import SECOND, Stage, impact, opened, replied
from tests.unit.ticketing.builders import CONFIGURATION

pytestmark = pytest.mark.asyncio


def counted(name: str, topic: Topic) -> float:
    return REGISTRY.get_sample_value(name, {"topic": topic}) or 0.0


def later(fact: Fact, **data: Any) -> bytes:
    """Returns the fact as a later version says it."""
    said = json.loads(write_fact(fact))
    return json.dumps({**said, "data": {**said["data"], **data}}).encode()


def dead_letters(topics: FakeTopics) -> list[Any]:
    return [record for topic in Topic for record in topics.records(f"{topic}.dlq")]


async def all_is_well(topics: FakeTopics, streams: Sequence[Stream]) -> bool:
    return [await stream.trouble() for stream in streams] == [None] * len(streams) and dead_letters(topics) == []


# ── notifier ─────────────────────────────────────────────────────────────────────────────────


async def test_after_300_tombstones_the_next_opt_out_is_heard(on: Stage) -> None:
    before = counted("forewarn_tombstones_total", Topic.CUSTOMERS)
    await on.know("c-1", "c-2")
    for number in range(300):
        on.topics.put(Topic.CUSTOMERS, None, key=f"gone-{number}".encode(), headers=())
    await on.know("c-1", consent={"incident": False})
    await on.hear(opened(on.now), impact(on.now, "c-1", "c-2"))
    assert await all_is_well(on.topics, on.service.streams)
    assert counted("forewarn_tombstones_total", Topic.CUSTOMERS) == before + 300
    assert await on.ledger("c-1") == [("opened", "suppressed", "opted_out")]
    assert await on.ledger("c-2") == [("opened", "delivered", None)]


async def test_a_tombstone_makes_the_directory_forget_a_customer_until_the_next_update(on: Stage) -> None:
    await on.know("c-1", "c-2")
    on.topics.put(Topic.CUSTOMERS, None, key=b"c-1", headers=())
    await on.loop.settle()
    assert [row["id"] for row in await on.rows("SELECT id FROM customers")] == ["c-2"]
    await on.know("c-1", name="Ada again")
    assert [row["name"] for row in await on.rows("SELECT name FROM customers WHERE id = 'c-1'")] == ["Ada again"]


async def test_tombstones_and_updates_of_one_batch_count_in_their_order(on: Stage) -> None:
    for tombstone in (False, True, False, True, True):
        value = None if tombstone else write_fact(customer("c-1", at=on.now))
        on.topics.put(Topic.CUSTOMERS, value, key=b"c-1", headers=())
        on.topics.put(Topic.CUSTOMERS, write_fact(customer("c-2", at=on.now)) if tombstone else None, key=b"c-2", headers=())
    await on.loop.settle()
    assert [row["id"] for row in await on.rows("SELECT id FROM customers")] == ["c-2"]


async def test_a_tombstone_brings_no_erased_customer_back(on: Stage) -> None:
    await on.hear(CustomerErased.of(CustomerErased.Data(), subject="c-1", at=on.now))
    on.topics.put(Topic.CUSTOMERS, None, key=b"c-1", headers=())
    await on.clock.advance(SECOND)
    await on.know("c-1")
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert await on.ledger() == [("opened", "suppressed", "erased")]


async def test_what_a_customer_chose_with_us_outlives_a_tombstone(on: Stage) -> None:
    await on.know("c-1")
    await on.rows("INSERT INTO preferences (customer_id, incident) VALUES ('c-1', false) RETURNING 1")
    on.topics.put(Topic.CUSTOMERS, None, key=b"c-1", headers=())
    await on.know("c-1")
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert await on.ledger() == [("opened", "suppressed", "opted_out")]


@pytest.mark.parametrize("key", [b"\xff\xfe", b"a\0b", b"", b"x" * 100_000])
async def test_a_tombstone_for_a_key_that_is_no_customers_does_nothing(on: Stage, key: bytes) -> None:
    await on.know("c-1")
    on.topics.put(Topic.CUSTOMERS, None, key=key, headers=())
    await on.loop.settle()
    assert await all_is_well(on.topics, on.service.streams)
    assert len(await on.rows("SELECT id FROM customers")) == 1


@pytest.mark.parametrize("topic", [Topic.INCIDENTS, Topic.TICKETS])
async def test_a_null_value_on_a_topic_that_is_not_compacted_is_still_a_dead_letter(on: Stage, topic: Topic) -> None:
    on.topics.put(topic, None, key=b"k", headers=())
    await on.loop.settle()
    [letter] = on.topics.records(f"{topic}.dlq")
    assert dict(letter.headers)["forewarn-reason"] == b"empty"


async def test_after_300_replies_of_an_unknown_kind_the_next_reply_is_brought(on: Stage) -> None:
    before = counted("forewarn_unknown_type_records_total", Topic.TICKETS)
    await on.know("c-1")
    for number in range(300):
        on.topics.put(Topic.TICKETS, later(replied(on.now, "reply", reply_id=f"r-{number}"), kind="voice"), key=b"t-1")
    await on.hear(replied(on.now, "reply", reply_id="r-300"))
    assert await all_is_well(on.topics, on.service.streams)
    assert counted("forewarn_unknown_type_records_total", Topic.TICKETS) == before + 300
    assert await on.ledger() == [("reply", "delivered", None)]


async def test_a_customer_of_unknown_certainty_is_left_out_and_the_others_of_the_impact_are_told(on: Stage) -> None:
    before = counted("forewarn_unknown_items_total", Topic.INCIDENTS)
    await on.know("c-1", "c-2")
    fact = impact(on.now, "c-1", "c-2")
    [first, second] = json.loads(write_fact(fact))["data"]["customers"]
    on.topics.say(opened(on.now))
    on.topics.put(Topic.INCIDENTS, later(fact, customers=[{**first, "certainty": "rumoured"}, second]), key=b"i-1")
    await on.loop.settle()
    assert dead_letters(on.topics) == []
    assert counted("forewarn_unknown_items_total", Topic.INCIDENTS) == before + 1
    assert (await on.ledger("c-1"), await on.ledger("c-2")) == ([], [("opened", "delivered", None)])


async def test_nulls_and_halves_of_surrogate_pairs_in_a_customer_are_read(on: Stage) -> None:
    said = later(customer("c-1", at=on.now), name=None, locale=None, contacts=None)
    on.topics.put(Topic.CUSTOMERS, said, key=b"c-1")
    on.topics.put(Topic.CUSTOMERS, later(customer("c-2", at=on.now), name="A\ud800da"), key=b"c-2")
    await on.loop.settle()
    assert dead_letters(on.topics) == []
    rows = await on.rows("SELECT id, name, locale FROM customers ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [("c-1", "", "en"), ("c-2", "A\ufffdda", "en")]


async def test_a_customer_who_is_updated_without_a_time_is_as_new_as_the_record(on: Stage) -> None:
    before = counted("forewarn_untimed_events_total", Topic.CUSTOMERS)
    said = json.loads(write_fact(customer("c-1", at=on.now)))
    del said["time"]
    record = on.topics.put(Topic.CUSTOMERS, json.dumps(said).encode(), key=b"c-1")
    await on.loop.settle()
    [row] = await on.rows("SELECT updated_at FROM customers")
    assert row["updated_at"].timestamp() == pytest.approx(record.timestamp / 1000)
    assert counted("forewarn_untimed_events_total", Topic.CUSTOMERS) == before + 1


# ── ticketing ────────────────────────────────────────────────────────────────────────────────


class Desk:
    """A service's streams on a fake Kafka."""

    def __init__(self, database: Database, streams: Sequence[Stream]) -> None:
        self.database, self.topics, self.streams = database, FakeTopics(), streams
        self.consumers = [FakeConsumer(self.topics, stream) for stream in self.streams]

    async def settle(self) -> None:
        for consumer in self.consumers:
            await consumer.assign()
            await consumer.drain()
        await self.topics.relay(self.database)

    async def rows(self, query: str) -> list[dict[str, Any]]:
        async with self.database.connection() as connection:
            return [dict(row) for row in await connection.fetch(query)]


@pytest.fixture
def desk(ticketing_database: Database) -> Desk:
    handlers: dict[Topic, Any] = {Topic.SUPPORT_REQUESTS: partial(on_requests, CONFIGURATION), Topic.INCIDENTS: on_incidents}
    handlings = {topic: Handling(topic, FACTS[topic], handler) for topic, handler in handlers.items()}
    return Desk(ticketing_database, [Stream("ticketing", topic, handling, ticketing_database) for topic, handling in handlings.items()])


async def test_300_notifications_of_an_unknown_kind_stop_nothing(fresh_database: Settings) -> None:
    async with database_of(fresh_database, "console") as database:
        await _takes_the_notification_it_knows(Desk(database, tuple(console_streams(database))))


async def _takes_the_notification_it_knows(desk: Desk) -> None:
    about = {"notification_id": "n", "customer_id": "c-1", "kind": "opened", "incident_id": "i-1"}
    at = request().time
    data = NotificationDelivered.Data(**about, channel="email", delivered_at=at, message_id="<m@example.com>")
    told = NotificationDelivered.of(data, subject="c-1", at=at)
    for _ in range(300):
        desk.topics.put(Topic.NOTIFICATIONS, later(told, kind="maintenance"), key=b"c-1")
    desk.topics.say(told)
    await desk.settle()
    assert await all_is_well(desk.topics, desk.streams)
    assert [row["customer_id"] for row in await desk.rows("SELECT customer_id FROM notifications")] == ["c-1"]


async def test_an_impact_of_unknown_certainties_only_touches_nobody(desk: Desk) -> None:
    fact = impact(request().time, "c-1")
    assert isinstance(fact, IncidentImpact)
    [only] = json.loads(write_fact(fact))["data"]["customers"]
    desk.topics.put(Topic.INCIDENTS, later(fact, customers=[{**only, "certainty": "rumoured"}]), key=b"i-1")
    await desk.settle()
    assert await all_is_well(desk.topics, desk.streams)
    assert await desk.rows("SELECT * FROM impact") == []


def cut(letter: str, limit: int, note: str) -> str:
    return letter * (limit - len(note)) + note


@pytest.mark.parametrize(
    ("data", "subject", "body"),
    [
        ({"subject": "s" * 1000}, cut("s", 250, "…"), ""),
        ({"body": "b" * 123_456}, "", cut("b", 100_000, " … [cut: 123,456 characters]")),
        ({"subject": None, "body": None, "channel": None}, "", ""),
        ({"subject": 7, "body": ["It", "hangs"], "in_reply_to": 1042, "component": {"id": 1}, "channel": True}, "7", '["It", "hangs"]'),
        ({"body": "half \ud83d of it", "channel": "fax", "in_reply_to": ["x"]}, "", "half \ufffd of it"),
        ("Plain text.", "", "Plain text."),
        (None, "", ""),
    ],
)
async def test_a_customers_request_never_vanishes_and_says_what_was_cut(desk: Desk, data: Any, subject: str, body: str) -> None:
    said = json.loads(write_fact(request("c-1")))
    desk.topics.put(Topic.SUPPORT_REQUESTS, json.dumps({**said, "data": data}).encode(), key=b"c-1")
    await desk.settle()
    assert await all_is_well(desk.topics, desk.streams)
    assert [ticket["customer_id"] for ticket in await desk.rows("SELECT customer_id FROM tickets")] == ["c-1"]
    assert await desk.rows("SELECT subject, body FROM messages") == [{"subject": subject, "body": body}]


async def test_the_longest_words_a_request_may_have_are_not_cut() -> None:
    data = SupportRequested.Data(subject="s" * 250, body="b" * 100_000)
    assert (data.subject, data.body) == ("s" * 250, "b" * 100_000)
