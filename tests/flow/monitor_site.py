"""monitor of flow tests: its real streams on a fake Kafka and an embedded Postgres, fed with the simulator's story."""

import math
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from deploy.simulator.faults import Outage
from deploy.simulator.play import Record, encode
from deploy.simulator.product import Product
from deploy.simulator.story import Story, published
from services.monitor.fold.buckets import StoredCells
from services.monitor.fold.tallies import Rows, Tally
from services.monitor.hearing.events import Folding, Limits, stream_of
from services.monitor.hearing.partials import Detecting
from services.monitor.rules.file import RulesFile
from shared.configuration.files import load
from shared.events import Topic
from shared.postgres import Database
from shared.stream import Stream
from tests.builders import NOON
from tests.fakes import FakeConsumer, FakeTopics

RULES = load(Path(__file__).parents[2] / "deploy/config/rules.yml", RulesFile)
OVER = 60.0  # seconds into either story: its incident is over


SMALL = Story(Product(200, 100.0), faults=(Outage("checkout", customers=27, start=6.0, end=24.0),))
PUBLISHED = published()  # 137 of 1,000 customers; both break at 6 s and are well at 24 s


@cache
def told(story: Story, until: float = OVER) -> Sequence[Record]:
    """Returns the product events of a story that begins at NOON."""
    return list(only_events(encode(story.messages(until=until), NOON.timestamp())))


def only_events(records: Iterable[Record]) -> Iterator[Record]:
    return (record for record in records if record.topic == Topic.PRODUCT_EVENTS)


def victims(story: Story) -> set[str]:
    """Returns whom the story's outage hits."""
    return {story.product.customer_id(number) for number in story.victims}


class Site:
    """monitor without its process: it consumes when it is told to."""

    def __init__(
        self,
        database: Database,
        *,
        partitions: int = 4,
        at_once: int = 5000,
        rules: RulesFile = RULES,
        limits: Limits | None = None,
        named: frozenset[str] = frozenset(),
        parents: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """`at_once`: events in one batch, each of which is a checkpoint. `named`: components of the catalog.

        `parents`: what each of them hangs on.
        """
        self.named, self.parents = named, parents or {}
        self.database, self.at_once, self.rules, self.limits = database, at_once, rules, limits or Limits()
        self.topics = FakeTopics(partitions)
        self.events: FakeConsumer
        self.partials: FakeConsumer
        self.refuses: set[bytes] = set()  # keys of events that the broker does not take when they are forwarded
        self.wall: float | None = None  # the wall clock, seconds since the epoch; None: today's, when the story is long past
        self._incidents: list[dict[str, Any]] = []

    def say(self, records: Iterable[Record]) -> None:
        for record in records:
            self.topics.put(Topic.PRODUCT_EVENTS, record.value, key=record.key)

    async def live(self, records: Iterable[Record]) -> None:
        """Plays the story second by second, as by the wall clock; `offset` is when an event comes."""
        for second, coming in groupby(records, key=lambda record: int(record.offset)):
            self.wall = NOON.timestamp() + second + 1
            self.say(coming)
            await self.settle()

    async def start(self) -> None:
        """Starts a process. Whatever an earlier one held in memory is gone, without a word."""
        forward = self.topics.forward(Topic.PRODUCT_EVENTS, self.refuses)
        self.folding = Folding(self.rules, forward, self._now, self.limits, self.named)
        self.events = FakeConsumer(self.topics, stream_of(self.folding, self.database, at_once=self.at_once))
        self.detecting = Detecting(self.rules, self.limits.components, self.named, self._latest, self.parents)
        self.partials = FakeConsumer(self.topics, Stream("monitor", Topic.PARTIALS, self.detecting, self.database))
        await self.events.assign()
        await self.partials.assign()

    def _now(self) -> float:
        return self.wall or time.time()

    def _latest(self) -> float:
        """Returns the wall clock of who reads facts: they have the database's time, which is today's unless a test moves it."""
        return max(self._now(), time.time())

    async def turn(self) -> int:
        """Returns a batch of each stream; returns how much there was to do."""
        moved = await self.events.turn() + await self.topics.relay(self.database)
        moved += await self.partials.turn() + await self.topics.relay(self.database)
        incidents = await self.rows("SELECT id, status FROM incidents ORDER BY id")
        if incidents != self._incidents:  # as the notification of Postgres would
            self._incidents = incidents
            self.folding.incidents_changed()
            await self.events.stream.tick()
            moved += 1 + await self.topics.relay(self.database)
        return moved

    async def take_without_saving(self) -> None:
        """Takes a batch of events into memory, without a checkpoint."""
        await self.events.stream.tick()
        self.events.stream.save_in(math.inf)
        await self.events.stream.on_batch(tuple(self.events.poll()))

    async def settle(self) -> None:
        """Polls and publishes until there is nothing left to do."""
        while await self.turn():
            pass

    async def crash_before_each(self, step: Callable[[], Awaitable[object]]) -> None:
        """Takes steps, each in a process of its own, until all is read and another one changes nothing.

        While an incident is open, each process begins by saying how far time has come, so there is always something to read.
        """
        stood = None
        while True:
            await self.start()
            await step()
            now = None if await self._unread() else await self.tables()
            if now is not None and now == stood:
                return
            stood = now

    async def _unread(self) -> int:
        """Returns how many records no stream has taken for good."""
        topics = (Topic.PRODUCT_EVENTS, Topic.PARTIALS)
        [taken] = await self.rows("SELECT coalesce(sum(next), 0)::int AS records FROM offsets WHERE topic = ANY ($1)", list(topics))
        return sum(len(self.topics.records(topic)) for topic in topics) - int(taken["records"])

    # ── what is left in the tables ───────────────────────────────────────────────────────────

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        async with self.database.connection() as connection:
            return [dict(row) for row in await connection.fetch(query, *values)]

    async def incidents(self) -> list[dict[str, Any]]:
        return await self.rows("SELECT id, rule, component, status, started_at, resolved_at, revision FROM incidents ORDER BY id")

    async def impact(self) -> list[dict[str, Any]]:
        return await self.rows(
            "SELECT incident_id, customer_id, certainty, first_seen_at, last_seen_at, count FROM impact ORDER BY incident_id, customer_id"
        )

    async def account(self) -> dict[str, int]:
        """Returns where every record went, over all partitions."""
        names = ("read", "counted", "duplicate", "unmatched", "dead", "late", "ahead")
        sums = ", ".join(f"coalesce(sum({name}), 0)::int AS {name}" for name in names)
        [account] = await self.rows(f"SELECT {sums} FROM fold_accounts")  # noqa: S608
        return account

    async def counts(self) -> dict[tuple[str, int], dict[str, Any]]:
        """Returns what the fold holds of each rule and bucket, added up over partitions: component → events, bad events, tallies."""
        cells: dict[tuple[str, int], dict[tuple[int, str], Any]] = {}
        for row in await self.rows("SELECT * FROM fold_cells ORDER BY part"):
            of_bucket = cells.setdefault((row["rule"], row["start"]), {})
            for component, cell in msgspec.msgpack.decode(row["cells"], type=StoredCells).items():
                of_bucket[row["partition"], component] = cell
        failing: dict[tuple[str, str, str], Tally] = {}
        for row in await self.rows("SELECT * FROM fold_tallies ORDER BY part"):
            for component, customers in msgspec.msgpack.decode(row["rows"], type=Rows).items():
                failing |= {(row["rule"], component, customer): tally for customer, tally in customers.items()}
        counts: dict[tuple[str, int], dict[str, Any]] = {}
        for at, of_bucket in cells.items():
            bucket = counts.setdefault(at, {})
            for (_, component), cell in of_bucket.items():
                so_far = bucket.get(component, (0, 0, 0))
                bucket[component] = so_far[0] + cell.total, so_far[1] + cell.bad, so_far[2] + cell.customers
        for (rule, component, customer), tally in failing.items():
            counts.setdefault((rule, tally.home), {})[f"{component}/{customer}"] = [tally.first, tally.last, tally.count]
        return counts

    async def tables(self) -> dict[str, Any]:
        """Returns all that must be the same however often, and in whatever batches, the same events come."""
        return {"incidents": await self.incidents(), "impact": await self.impact(), "counts": await self.counts()}

    async def wipe(self) -> None:
        """Empties all tables."""
        folded = ", ".join(
            f"fold_{each}" for each in ("buckets", "cells", "tallies", "components", "clocks", "seen", "accounts", "forwarded", "moments")
        )
        async with self.database.connection() as connection:
            await connection.execute(
                f"TRUNCATE offsets, outbox, {folded}, series, incidents, incident_steps, members, impact, risks, aliases, fold_moves"
            )

    async def replay(self, topic: str) -> None:
        """Starts the stream of that topic at offset 0 once more, in a new process."""
        async with self.database.connection() as connection:
            await connection.execute("UPDATE offsets SET next = 0 WHERE topic = $1", topic)
        await self.start()
        await self.settle()


def seconds(moment: datetime) -> float:
    """Returns how many seconds into the story it is."""
    return (moment - NOON) / timedelta(seconds=1)
