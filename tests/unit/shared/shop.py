"""A service on a real Postgres and a Kafka in memory writes down whom each message is about, and raises what a test wants raised."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.cloudevents import write_fact
from shared.events import CustomerUpdated, Fact
from shared.postgres import Database, Tx
from shared.stream import Stream
from shared.streaming.handling import Handling
from tests.builders import customer
from tests.fakes import FakeConsumer, FakeTopics


def no_trouble(_: Sequence[Fact]) -> None:
    """Does nothing: no trouble."""


class Patient(Handling):
    """Handling whose saves are never urgent."""

    def pressing(self) -> bool:
        return False


@dataclass
class Shop:
    """A service that writes down each customer's name, once a message; `trouble` raises what a test wants raised."""

    database: Database
    topic: str = "shop.v1"  # a topic of our own facts: one that a brake stops
    topics: FakeTopics = field(default_factory=lambda: FakeTopics(partitions=2))
    trouble: Callable[[Sequence[Fact]], None] = no_trouble
    batches: list[int] = field(default_factory=list)

    @classmethod
    async def opened(cls, database: Database, topic: str = "shop.v1") -> "Shop":
        """Opens a shop on the database, with its table."""
        async with database.connection() as connection:
            await connection.execute("CREATE TABLE written (name text NOT NULL)")
        return cls(database, topic)

    def member(self, slowest: float = 0.0) -> FakeConsumer:
        """Returns another instance, with nothing assigned yet; with a `slowest` it keeps facts in memory between saves."""
        handling = (
            Patient(self.topic, (CustomerUpdated,), self.on_customers)
            if slowest
            else Handling(self.topic, (CustomerUpdated,), self.on_customers)
        )
        stream = Stream("shop", self.topic, handling, self.database, slowest=slowest)
        stream.save_in(slowest)
        return FakeConsumer(self.topics, stream)

    async def on_customers(self, tx: Tx, facts: Sequence[Fact]) -> None:
        self.batches.append(len(facts))
        await tx.execute("SET LOCAL lock_timeout = '50ms'")
        await tx.executemany("INSERT INTO written (name) VALUES ($1)", [(fact.subject,) for fact in facts])
        self.trouble(facts)

    def says(self, *names: str) -> None:
        for name in names:
            self.topics.put(self.topic, write_fact(customer(name)), key=name.encode())

    async def written(self) -> list[str]:
        async with self.database.connection() as connection:
            return sorted(row["name"] for row in await connection.fetch("SELECT name FROM written"))

    async def rows(self, query: str) -> list[dict[str, Any]]:
        """Returns what the database answers."""
        async with self.database.connection() as connection:
            return [dict(row) for row in await connection.fetch(query)]

    async def stands_at(self) -> int:
        """Returns how many records the offsets say are done."""
        async with self.database.connection() as connection:
            return int(await connection.fetchval("SELECT coalesce(sum(next), 0) FROM offsets"))

    async def dead(self) -> list[dict[str, str]]:
        """Returns the headers of our own on what is in the dead letter topic."""
        await self.topics.relay(self.database)
        return [
            {name: value.decode() for name, value in record.headers if name.startswith("forewarn-")}
            for record in self.topics.records(f"{self.topic}.dlq")
        ]


def names(count: int) -> list[str]:
    return sorted(f"c-{n}" for n in range(count))


def raising(error: Exception, *, times: int = 1, on: str | None = None) -> Callable[[Sequence[Fact]], None]:
    """Raises so many times, whenever the customer `on` is among the facts."""
    left = [times]

    def trouble(facts: Sequence[Fact]) -> None:
        if left[0] and (on is None or on in {fact.subject for fact in facts}):
            left[0] -= 1
            raise type(error)(*error.args)  # one instance raised again and again would keep every frame

    return trouble


async def until(condition: Callable[[], bool]) -> None:
    """Waits for the condition. Raises TimeoutError."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  it is not ours to signal
            await asyncio.sleep(0.01)
