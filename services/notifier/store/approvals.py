"""Approvals as people look at them and decide them: how each stands, who waits for it, and what a few of them would read."""

from collections.abc import Sequence
from pathlib import Path

import asyncpg

from services.notifier.audience import Preferences
from services.notifier.notification import Notification
from services.notifier.situation import Situation
from services.notifier.store import directory, maintenance
from services.notifier.store.incidents import incident_in
from services.notifier.store.ledger import notification_in
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

Row = asyncpg.Record


async def approval(tx: Tx, approval_id: str) -> Row | None:
    row: Row | None = await tx.fetchrow(queries.approval, approval_id)
    return row


async def first(tx: Tx, found: Row) -> Situation | None:
    """Returns the situation of any one who waits for an approval; None when nobody does."""
    return next(iter(await _situations(tx, await _candidates(tx, found, 1))), None)


async def samples(tx: Tx, found: Row, at_most: int) -> list[Situation]:
    """Returns three of the first so many who wait: of whom the least is known, of whom the most is, and one between."""
    ids = await _candidates(tx, found, at_most)
    places = sorted({0, len(ids) // 2, len(ids) - 1}) if ids else []
    return await _situations(tx, [ids[place] for place in places])


async def _candidates(tx: Tx, found: Row, at_most: int) -> list[str]:
    return [row["id"] for row in await tx.fetch(queries.candidates, found["gate"], found["round"], at_most)]


async def _situations(tx: Tx, ids: Sequence[str]) -> list[Situation]:
    rows = await tx.fetch(queries.samples, list(ids)) if ids else []
    about: Sequence[Notification] = [notification_in(row) for row in rows]
    known = await directory.shown(tx, {each.customer_id for each in about})
    now = await tx.fetchval("SELECT clock()")
    periods = await maintenance.periods(tx, {each.period for each in about if each.period})
    return [
        Situation(each, known.get(each.customer_id), Preferences(), incident_in(row), 0, now, period=periods.get(each.period or ""))
        for each, row in zip(about, rows, strict=True)
    ]
