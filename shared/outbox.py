"""Publishes facts by a transactional outbox: a fact is a row, written in the transaction that made it true; a relay publishes in order.

Publishing is at least once: after a crash between the broker's acceptance and our delete the same
bytes with the same id go out again. Facts about one thing are written under that thing's row lock or
by its partition's only owner, so the order of row ids is the order in which they became true.
One relay runs per service and lane, however many replicas there are: the table `relays` names the session that leads, for as
long as that is connected. (An advisory lock would do, but every role of the database could take it.) A row the broker refuses for good
is put aside into the table `unpublished`, and the relay goes on.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby
from operator import attrgetter

import asyncpg
from aiokafka.errors import KafkaError

from shared import metrics
from shared.cloudevents import FACT_HEADERS, write_fact
from shared.connecting.brokers import Brokers
from shared.events import TOPIC_OF, Fact
from shared.outgoing import unpublished
from shared.outgoing.rows import Publisher
from shared.postgres import TRANSIENT, Database, Tx, wait_for_wakeup

log = logging.getLogger(__name__)

AT_ONCE = 2000
LOOK_BELOW = 60.0  # seconds between looks at the whole lane, for rows below the floor
# This writes messages that have the same headers; their ids are in the order in which they are given.
WRITE = """INSERT INTO outbox (topic, key, value, header_names, header_values, lane)
    SELECT topic, key, value, $4, $5, $6 FROM unnest($1::text[], $2::bytea[], $3::bytea[]) WITH ORDINALITY AS new (topic, key, value, place)
    ORDER BY place"""
# This selects as many rows as have 16 MiB of values, or one that has more; `found` counts the others too.
# Lengths are known without reading values.
OLDEST = """SELECT id, topic, key, value, header_names, header_values, found FROM (
        SELECT *, row_number() OVER before AS place, sum(coalesce(length(value), 0)) OVER before AS bytes, count(*) OVER () AS found
        FROM (SELECT * FROM outbox WHERE lane = $1 AND id > $2 ORDER BY id LIMIT $3) AS oldest WINDOW before AS (ORDER BY id)) AS counted
    WHERE place = 1 OR bytes <= 16777216 ORDER BY id"""
DELETE = "DELETE FROM outbox WHERE id = ANY ($1::bigint[])"
# This returns a row when the session that leads the lane is gone.
FREE = """SELECT true FROM relays WHERE lane = $1 AND NOT EXISTS (
    SELECT FROM pg_stat_activity AS leader WHERE leader.pid = relays.pid AND leader.backend_start = relays.backend_start)"""
HOLD = "SELECT FROM relays WHERE lane = $1 FOR UPDATE"
# This makes the current session the lane's leader.
LEAD = """UPDATE relays SET pid = me.pid, backend_start = me.backend_start FROM pg_stat_activity AS me
    WHERE lane = $1 AND me.pid = pg_backend_pid()"""
# This reads the range of transactions under way, for `Floor`.
RUNNING = """SELECT pg_snapshot_xmin(now)::text::bigint AS oldest, pg_snapshot_xmax(now)::text::bigint AS next
    FROM pg_current_snapshot() AS now"""

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Message:
    """Is one record as the broker gets it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = FACT_HEADERS


class Lane(IntEnum):
    """Says which rows wait for each other (separate FIFO queues): each lane has a relay of its own, and keeps its own order."""

    FACTS = 0  # what services found true
    BULK = 1  # product events that came by HTTP, and dead letters: no fact waits for them


async def say(tx: Tx, *facts: Fact) -> None:
    """Writes the facts into the outbox, to be published once `tx` commits, keyed by what they are about."""
    await put(tx, [Message(TOPIC_OF[type(fact)], fact.subject.encode(), write_fact(fact)) for fact in facts])


async def put(tx: Tx, messages: Sequence[Message], lane: Lane = Lane.FACTS) -> None:
    """Writes the messages into the outbox, to be published once `tx` commits. One key belongs into one lane."""
    for headers, those in groupby(messages, attrgetter("headers")):
        columns = zip(*((message.topic, message.key, message.value) for message in those), strict=True)
        await tx.execute(WRITE, *map(list, columns), *_apart(headers), lane)


def _apart(headers: Headers) -> tuple[list[str], list[bytes]]:
    """Returns the headers' names and values apart; Kafka allows U+0000 in a name, Postgres in no text."""
    return [name.replace("\0", "\ufffd") for name, _ in headers], [value for _, value in headers]


class Relay:
    """Publishes what one lane of the outbox holds, in order, and deletes what the broker has accepted."""

    def __init__(self, database: Database, brokers: Brokers, lane: Lane = Lane.FACTS) -> None:
        self._database, self._brokers, self._lane = database, brokers, lane
        self._written = database.wakeup("outbox")

    async def run(self) -> None:
        """Runs until cancelled; it waits for a lost broker or database, and deletes nothing meanwhile."""
        while True:
            try:
                await self._lead()
            except (*TRANSIENT, KafkaError) as error:
                log.warning("the relay stopped (%s), trying again", error)
            await asyncio.sleep(1)

    async def _lead(self) -> None:
        """Relays for as long as this process has its database connection, which leads, and its producer."""
        connection = await asyncpg.connect(**self._database.connect_arguments())
        try:
            while not await leads(connection, self._lane):
                await wait_for_wakeup(self._written, 1)
            async with Publisher(self._brokers) as publisher:
                await self._relay(connection, publisher)
        finally:
            connection.terminate()

    async def _relay(self, connection: Tx, publisher: Publisher) -> None:
        floor, looked_at, below_at = Floor(), 0.0, time.monotonic()
        while True:
            self._written.clear()
            rows = await connection.fetch(OLDEST, self._lane, floor.at, AT_ONCE)
            refused = await publisher.publish(rows)
            await unpublished.put_aside(connection, refused)
            await connection.execute(DELETE, [row["id"] for row in rows])
            for row in rows:
                metrics.PUBLISHED.labels(row["topic"]).inc(row["id"] not in refused)
            whole = len(rows) == (rows[0]["found"] if rows else 0) < AT_ONCE
            floor.published(rows[-1]["id"] if rows else 0, whole=whole)
            if time.monotonic() - looked_at > 1:
                looked_at = time.monotonic()
                [transactions] = await connection.fetch(RUNNING)
                floor.running(transactions["oldest"], transactions["next"])
            if time.monotonic() - below_at > LOOK_BELOW:
                floor, below_at = Floor(), time.monotonic()
            if whole:
                await wait_for_wakeup(self._written, 1)


async def leads(connection: Tx, lane: Lane) -> bool:
    """Makes this session the lane's leader, unless the session that leads is still connected."""
    if not await connection.fetchval(FREE, lane):  # usually, and then nothing is written
        return False
    async with connection.transaction():
        await connection.execute(HOLD, lane)
        # The check is repeated under the row's lock: the session that had the lock before may lead by now.
        if free := await connection.fetchval(FREE, lane):
            await connection.execute(LEAD, lane)
    return bool(free)


class Floor:
    """Keeps a lower bound of row ids, `at` (a watermark), below which no row can appear any more: rows deleted there are not scanned again.

    Ids are given before transactions commit: a row may appear below rows that are published already. It cannot once all
    transactions have ended that ran when the highest of those ids was seen, and everything up to it was read after that.
    """

    def __init__(self) -> None:
        self.at = 0
        self._highest = 0
        self._mark: tuple[int, int] | None = None  # the highest id published, and the next transaction's number, at one moment
        self._ended = False  # all transactions before the mark have ended

    def published(self, last: int, *, whole: bool) -> None:
        """Notes that rows up to the id `last` are published; `whole`: those were all there were."""
        if self._ended and self._mark is not None and (whole or last > self._mark[0]):
            self.at, self._mark, self._ended = self._mark[0], None, False
        self._highest = max(self._highest, last)

    def running(self, oldest: int, next: int) -> None:
        """Notes the number of the oldest transaction under way, and the one the next will have."""
        if self._mark is None:
            self._mark = self._highest, next
        elif oldest >= self._mark[1]:
            self._ended = True
