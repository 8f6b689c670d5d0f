"""Fills the console's read model by SQL: sizes that no demo reaches, in a minute."""

from dataclasses import dataclass
from pathlib import Path

import asyncpg

from shared.postgres import Queries

queries = Queries(Path(__file__).with_name("filling.sql"))


@dataclass(frozen=True)
class Size:
    """How many of each there are."""

    customers: int
    tickets: int
    incidents: int


TEN = Size(10, 10, 10)
LARGE = Size(1_000_000, 1_000_000, 10_000)


async def fill(connection: asyncpg.Connection, size: Size) -> None:
    """Fills empty tables; counts follow by the triggers."""
    for statement, values in (
        (queries.customers, (size.customers,)),
        (queries.incidents, (size.incidents,)),
        (queries.impact, (size.customers, size.incidents)),
        (queries.notifications, (size.customers, size.incidents)),
        (queries.tickets, (size.tickets, size.customers, size.incidents)),
        (queries.messages, (size.tickets, size.customers)),
        (queries.timeline, (size.tickets, size.incidents)),
        (queries.moments, (size.incidents,)),
    ):
        await connection.execute(statement, *values, timeout=600)
    await connection.execute("VACUUM ANALYZE", timeout=600)
