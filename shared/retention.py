"""Deletes what is old, in pieces: each service says in one table what is kept for how long.

A row goes when it is older than its time and nothing needs it any more. Where an id must still meet a replay, only the words
of the row go. Each statement finds its rows by an index and skips those that somebody holds.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared import metrics
from shared.postgres import Database

log = logging.getLogger(__name__)

AT_ONCE = 1000  # rows a statement
UPDATE = "UPDATE {} SET {} "
DELETE = "DELETE FROM {} "
# This selects the oldest rows by the index on their moment, and skips locked ones.
OLDEST = """WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {table} AS old WHERE {column} < clock() - $1::interval AND ({only})
    ORDER BY {column} LIMIT {at_once} FOR UPDATE OF old SKIP LOCKED))"""


@dataclass(frozen=True)
class Kept:
    """Says how long rows of one table are kept, by the moment in one of their columns."""

    table: str
    column: str
    keep: timedelta
    only: str = "true"  # SQL about the row `old`: which rows may be deleted at all
    forget: str = ""  # SQL assignments that blank a row's personal or large texts; empty: the row is deleted

    @property
    def statement(self) -> str:
        """Returns the statement that deletes, or blanks, the oldest rows; $1 is `keep`."""
        do = UPDATE.format(self.table, self.forget) if self.forget else DELETE.format(self.table)
        return do + OLDEST.format(table=self.table, column=self.column, only=self.only, at_once=AT_ONCE)


ANSWERS = Kept("idempotency", "created_at", timedelta(hours=24))


def days(number: int) -> timedelta:
    """Returns so many days, as settings say it."""
    return timedelta(days=number)


async def tidy(database: Database, kept: Sequence[Kept]) -> bool:
    """Takes one piece of each table, each in a transaction of its own; returns whether there may be more.

    A table that raises holds up no other. Raises an ExceptionGroup of what was raised when all have had their turn.
    """
    more, errors = False, []
    for each in kept:
        try:
            more |= await _one_piece(database, each) == AT_ONCE
        except Exception as error:  # noqa: BLE001  raised below
            errors.append(error)
    if errors:
        raise ExceptionGroup("retention", errors)
    return more


async def _one_piece(database: Database, kept: Kept) -> int:
    async with database.transaction() as tx:
        status = await tx.execute(kept.statement, kept.keep)
    count = int(status.rpartition(" ")[2])
    metrics.DELETED.labels(kept.table).inc(count)
    return count
