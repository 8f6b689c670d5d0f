"""Puts due work aside that raised again and again, with its reason, until an operator has it tried again."""

import logging
import traceback
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import asyncpg

from shared import metrics
from shared.postgres import Tx

log = logging.getLogger(__name__)

TRIES = 20  # that raise what waiting does not mend: with the pauses between them some eight minutes
# This moves a row from `due` to `due_aside`, if the lease still holds.
PUT_ASIDE = """WITH gone AS (DELETE FROM due WHERE kind = $1 AND ref = $2 AND lease = $3 RETURNING kind, ref, due_at)
    INSERT INTO due_aside (kind, ref, due_at, reason) SELECT kind, ref, due_at, $4 FROM gone
    ON CONFLICT (kind, ref) DO UPDATE SET due_at = excluded.due_at, reason = excluded.reason, aside_at = clock()"""
# This moves rows back to `due`, where they are due at once.
RETRY = """WITH back AS (
        DELETE FROM due_aside WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR ref = $2) RETURNING kind, ref, due_at)
    INSERT INTO due (kind, ref, due_at, ready_at) SELECT kind, ref, due_at, clock() FROM back ON CONFLICT (kind, ref) DO NOTHING"""
# This groups what was put aside by kind and reason.
WAITING = """SELECT kind, reason, count(*) AS rows, (array_agg(ref ORDER BY aside_at DESC))[1:5] AS refs, min(aside_at) AS since
    FROM due_aside GROUP BY kind, reason ORDER BY kind, reason LIMIT 100"""

ROOT = Path(__file__).parents[1]
OURS = ("services", "shared")


async def put_aside(tx: Tx, kind: str, ref: str, lease: UUID, error: Exception) -> None:
    """Moves a row to `due_aside`; nothing happens when another worker has it by now."""
    reason = reason_of(error)
    if (await tx.execute(PUT_ASIDE, kind, ref, lease, reason)).endswith(" 0"):
        return
    metrics.DUE_ASIDE.labels(kind).inc()
    log.error("due %s %s is put aside (%s), see `forewarn due`", kind, ref, reason)


async def retry(tx: Tx, kind: str | None, ref: str | None) -> int:
    """Makes the rows of a kind, or all, or one, due again now; returns how many."""
    return int((await tx.execute(RETRY, kind, ref)).split()[-1])


async def waiting(tx: Tx) -> Sequence[asyncpg.Record]:
    """Returns what was put aside, by kind and reason: how many rows, the latest few refs, and since when."""
    rows: list[asyncpg.Record] = await tx.fetch(WAITING)
    return rows


def reason_of(error: Exception) -> str:
    """Returns the exception's class, and the innermost place in our own code that it came through."""
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in OURS:
            place = f" at {path.relative_to(ROOT)}:{frame.lineno}"
    return type(error).__name__ + place
