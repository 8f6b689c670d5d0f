"""Maintenance is announced, begins, ends, is changed or called off: its row is changed under its lock, and the fact is said with it.

Time that passes does it by a due row for each maintenance, people do it over HTTP. What is muted follows from its periods alone
(`incidents/muting.py`).
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.monitor import facts
from services.monitor.incidents.maintenance import (
    Announced,
    MaintenanceRow,
    Moved,
    Standing,
    Status,
    Step,
    cancelled,
    changed,
    passed,
)
from services.monitor.store import maintenance as store
from services.monitor.store.maintenance import lock_maintenance, queries
from shared import timers
from shared.outbox import say
from shared.postgres import Database, Tx
from shared.timers import Due

log = logging.getLogger(__name__)

MAINTENANCE = "maintenance"  # the kind of the due rows


class Maintaining:
    """The work that is due when a maintenance begins, ends, or comes again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def catch_up(self) -> None:
        """Does what became due while nobody ran, before any event is judged: a maintenance that repeats has its next period then."""
        async with self._database.transaction() as tx:
            now: datetime = await tx.fetchval("SELECT clock()")
            for row in await tx.fetch(queries.overdue_maintenance):
                await _pass_time(tx, row["id"], now)

    async def __call__(self, due: Due) -> None:
        async with self._database.transaction() as tx:
            row = await _pass_time(tx, due.ref, await tx.fetchval("SELECT clock()"))
            again_at = None if row is None else _next_at(row.standing)
            if again_at is None:
                await due.settle(tx)
            else:
                await due.again(tx, again_at)


async def announce(tx: Tx, row: MaintenanceRow, now: datetime) -> MaintenanceRow:
    """Stores a new maintenance, which stands before its first period, and says so. One whose period has begun begins at once."""
    await store.plan(tx, row)
    await say(tx, facts.of_maintenance(row, Moved.PLANNED, now, row.by))
    log.info("maintenance %s: planned, from %s to %s", row.id, row.standing.period.starts_at, row.standing.period.ends_at)
    row = await _follow(tx, row, passed(row.announced.plan, row.standing, now), now)
    await _schedule(tx, row)
    return row


async def change(tx: Tx, row: MaintenanceRow, announced: Announced, by: str, now: datetime) -> MaintenanceRow | None:
    """Stores what a person changes of a maintenance that is locked, and says so. None when nothing comes any more by that."""
    steps = changed(announced.plan, row.standing, now)
    if steps is None:
        return None
    if row.standing.status is Status.PLANNED:
        await tx.execute(queries.drop_period, row.id, row.standing.period.starts_at)
    new = replace(row, announced=announced)
    await store.change(tx, new)
    new = await _follow(tx, new, steps, now, by)
    new = await _follow(tx, new, passed(announced.plan, new.standing, now), now)
    await _schedule(tx, new)
    return new


async def cancel(tx: Tx, row: MaintenanceRow, by: str, now: datetime) -> MaintenanceRow | None:
    """Calls off a maintenance that is locked, and says so. None when it is over, or was called off before."""
    step = cancelled(row.standing, now)
    if step is None:
        return None
    if row.standing.status is Status.PLANNED:
        await tx.execute(queries.drop_period, row.id, row.standing.period.starts_at)
    row = await _follow(tx, replace(row, cancelled_at=now, cancelled_by=by), [step], now, by)
    await timers.cancel(tx, MAINTENANCE, row.id)
    return row


async def _pass_time(tx: Tx, maintenance_id: str, now: datetime) -> MaintenanceRow | None:
    row = await lock_maintenance(tx, maintenance_id)
    return None if row is None else await _follow(tx, row, passed(row.announced.plan, row.standing, now), now)


async def _follow(tx: Tx, row: MaintenanceRow, steps: Sequence[Step], now: datetime, by: str | None = None) -> MaintenanceRow:
    """Makes these steps true, one after the other."""
    for moved, standing in steps:
        never_ran = moved is Moved.CANCELLED and row.standing.status is Status.PLANNED
        row = replace(row, standing=standing, revision=row.revision + 1)
        await store.move(tx, row)
        if not never_ran:
            await store.keep_period(tx, row)
        await say(tx, facts.of_maintenance(row, moved, now, by))
        log.info("maintenance %s: %s, from %s to %s", row.id, moved, standing.period.starts_at, standing.period.ends_at)
    return row


async def _schedule(tx: Tx, row: MaintenanceRow) -> None:
    at = _next_at(row.standing)
    if at is not None:
        await timers.schedule(tx, MAINTENANCE, {row.id: at})


def _next_at(standing: Standing) -> datetime | None:
    """Returns when something becomes of it by the passing of time; None when nothing does."""
    match standing.status:
        case Status.PLANNED:
            return standing.period.starts_at
        case Status.RUNNING:
            return standing.period.ends_at
    return None
