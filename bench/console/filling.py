"""Fills the console's read model by SQL: sizes that no demo reaches, in a few minutes.

Tables are filled without their triggers, keys and indexes, which follow at the end; what triggers count is counted from the rows then.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from services.console.rebuilding.tables import CONSTRAINTS, INDEXES, MODEL
from shared.postgres import Queries

queries = Queries(Path(__file__).with_name("filling.sql"))

FILLED = (*MODEL, "audit")
WITHIN = 600.0  # seconds that one statement may take
AS_FAST_AS_IT_GOES = (
    "SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET work_mem = '256MB'; SET max_parallel_workers_per_gather = 0"
)


@dataclass(frozen=True)
class Size:
    """How many of each there are."""

    customers: int
    tickets: int
    incidents: int


TEN = Size(10, 10, 10)
LARGE = Size(1_000_000, 1_000_000, 10_000)


async def fill(connection: asyncpg.Connection, size: Size) -> None:
    """Fills empty tables, and says how far it is."""
    started = time.monotonic()
    await connection.execute(AS_FAST_AS_IT_GOES)
    async with _bare(connection):
        for name, *values in (
            ("customers", size.customers),
            ("incidents", size.incidents),
            ("impact", size.customers, size.incidents),
            ("notifications",),
            ("tickets", size.tickets, size.customers, size.incidents),
            ("many_tickets_of_one",),
            ("messages",),
            ("timeline",),
            ("who_wrote",),
            ("reach",),
            ("moments",),
            ("ticket_counts",),
            ("deliveries",),
            ("audit", size.tickets),
        ):
            await connection.execute(getattr(queries, name), *values, timeout=WITHIN)
            _say(started, name)
    _say(started, "keys and indexes")
    await connection.execute("VACUUM ANALYZE", timeout=WITHIN)
    _say(started, "statistics")


@asynccontextmanager
async def _bare(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Takes the tables' triggers, keys and indexes away while the context lasts."""
    again: list[str] = []
    for table in FILLED:
        of = f"console.{table}"
        await connection.execute(f"ALTER TABLE {of} DISABLE TRIGGER USER")
        for row in await connection.fetch(INDEXES, of):
            again.append(row["definition"])
            await connection.execute(f"DROP INDEX console.{_name_in(row['definition'])}")
        for row in await connection.fetch(CONSTRAINTS, of):
            again.append(f"ALTER TABLE {of} ADD CONSTRAINT {row['name']} {row['definition']}")
            await connection.execute(f"ALTER TABLE {of} DROP CONSTRAINT {row['name']}")
    yield
    for statement in again:
        await connection.execute(statement, timeout=WITHIN)
    for table in FILLED:
        await connection.execute(f"ALTER TABLE console.{table} ENABLE TRIGGER USER")


def _name_in(definition: str) -> str:
    """Returns the index that a definition is of: CREATE INDEX name ON …, or CREATE UNIQUE INDEX name ON …"""
    return definition.partition(" INDEX ")[2].split()[0]


def _say(started: float, what: str) -> None:
    print(f"  {time.monotonic() - started:5.0f} s  {what}", flush=True)
