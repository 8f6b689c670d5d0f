"""Approvals as people look at them and decide them: how each stands, who waits for it, and what a few of them would read."""

from collections.abc import Sequence
from pathlib import Path

import asyncpg

from services.notifier.audience import Preferences
from services.notifier.notification import Notification
from services.notifier.situation import Situation
from services.notifier.store import directory
from services.notifier.store.incidents import incident_in
from services.notifier.store.ledger import notification_in
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

Row = asyncpg.Record


async def approval(tx: Tx, approval_id: str) -> Row | None:
    row: Row | None = await tx.fetchrow(queries.approval, approval_id)
    return row


async def samples(tx: Tx, found: Row, at_most: int) -> list[Situation]:
    """Returns the situations of the first who wait for an approval."""
    rows = await tx.fetch(queries.samples, found["gate"], found["round"], at_most)
    about: Sequence[Notification] = [notification_in(row) for row in rows]
    known = await directory.shown(tx, {each.customer_id for each in about})
    now = await tx.fetchval("SELECT clock()")
    return [
        Situation(each, known.get(each.customer_id), Preferences(), incident_in(row), 0, now) for each, row in zip(about, rows, strict=True)
    ]
