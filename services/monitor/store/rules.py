"""The tables that say how often somebody has asked for the rules to be read anew, and which rules were published."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Publication:
    """Rules that somebody published, or the return to rules.yml."""

    number: int
    text: str | None  # None: back to rules.yml
    note: str
    file_version: str  # of what rules.yml said then
    by: str
    at: datetime


async def latest(tx: Tx) -> Publication | None:
    """Returns the latest publication or return to the file; None when nothing was published yet."""
    row = await tx.fetchrow(queries.latest_published)
    return None if row is None else Publication(*row)


async def published(tx: Tx, number: int) -> Publication | None:
    row = await tx.fetchrow(queries.published, number)
    return None if row is None else Publication(*row)


async def publish(tx: Tx, text: str | None, note: str, file_version: str, by: str) -> int:
    """Puts other rules in force, or the file again, and returns the number. `tx` has asked every process before: that is the lock."""
    number: int = await tx.fetchval(queries.publish, text, note, file_version, by)
    await tx.execute(queries.forget_published, number)
    return number
