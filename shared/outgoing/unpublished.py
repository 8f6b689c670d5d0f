"""Keeps the rows of the outbox that the broker refused for good: whole, with the reason, until an operator sends them again."""

import logging
from collections import Counter
from collections.abc import Mapping

from shared import metrics
from shared.outgoing.rows import Refusal
from shared.postgres import Tx

log = logging.getLogger(__name__)

# This moves rows from `outbox` to `unpublished`, with the reason of each.
PUT_ASIDE = """WITH gone AS (DELETE FROM outbox USING unnest($1::bigint[], $2::text[]) AS refused (row_id, reason)
        WHERE id = refused.row_id RETURNING outbox.*, refused.reason)
    INSERT INTO unpublished (id, lane, topic, key, value, header_names, header_values, written_at, reason)
    SELECT id, lane, topic, key, value, header_names, header_values, written_at, reason FROM gone RETURNING topic, reason"""
# This moves rows back to `outbox`, in their order.
SEND_AGAIN = """WITH back AS (DELETE FROM unpublished WHERE $1::text IS NULL OR topic = $1 RETURNING *)
    INSERT INTO outbox (lane, topic, key, value, header_names, header_values, written_at)
    SELECT lane, topic, key, value, header_names, header_values, written_at FROM back ORDER BY id"""
# This groups what was refused by topic and reason.
WAITING = """SELECT topic, reason, count(*) AS rows, max(length(value)) AS largest, min(refused_at) AS since
    FROM unpublished GROUP BY topic, reason ORDER BY topic, reason"""


async def put_aside(tx: Tx, refused: Mapping[int, Refusal]) -> None:
    """Moves these rows of the outbox to `unpublished`, in one statement."""
    if not refused:
        return
    moved = await tx.fetch(PUT_ASIDE, list(refused), list(refused.values()))
    for (topic, reason), count in Counter((row["topic"], row["reason"]) for row in moved).items():
        metrics.UNPUBLISHED.labels(topic, reason).inc(count)
        log.error("the broker refuses %d records for %s (%s): put aside, see `forewarn streams`", count, topic, reason)


async def send_again(tx: Tx, topic: str | None) -> int:
    """Gives the rows of a topic, or of all, back to the relay in their order; returns how many."""
    return int((await tx.execute(SEND_AGAIN, topic)).split()[-1])
