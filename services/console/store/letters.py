"""Keeps how many dead letters wait on each topic, as whoever reads those topics counted them last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("letters.sql"))


@dataclass(frozen=True)
class Row:
    """Is one topic, without `.dlq`."""

    topic: str
    letters: int
    waiting: int
    oldest_at: datetime | None
    reasons: Mapping[str, int]  # of those that wait


async def keep(tx: Tx, rows: Sequence[Row]) -> None:
    """Keeps these counts in place of the earlier ones."""
    values = [(row.topic, row.letters, row.waiting, row.oldest_at, dict(row.reasons)) for row in rows]
    await tx.execute(queries.keep_letters, *(list(column) for column in zip(*values, strict=True)))


async def waiting(tx: Tx) -> list[asyncpg.Record]:
    """Returns the topics that keep dead letters."""
    rows: list[asyncpg.Record] = await tx.fetch(queries.letters)
    return rows
