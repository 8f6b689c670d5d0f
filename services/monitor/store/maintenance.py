"""The tables of maintenance and of its periods."""

from pathlib import Path

import asyncpg

from services.monitor.incidents.maintenance import Announced, MaintenanceRow, Period, Plan, Standing, Status
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


def maintenance_of(row: asyncpg.Record) -> MaintenanceRow:
    """Returns a maintenance, of a row with all its columns."""
    plan = Plan(Period(row["first_starts_at"], row["first_ends_at"]), row["repeat"], row["zone"])
    return MaintenanceRow(
        row["id"],
        Announced(row["title"], row["text"], tuple(row["components"]), row["audience"], plan),
        Standing(Status(row["status"]), Period(row["starts_at"], row["ends_at"])),
        row["revision"],
        row["by"],
        row["created_at"],
        row["cancelled_at"],
        row["cancelled_by"],
        row.get("muted", 0),
    )


async def lock_maintenance(tx: Tx, maintenance_id: str) -> MaintenanceRow | None:
    """Locks one maintenance until `tx` ends, and returns it; None when there is none."""
    row = await tx.fetchrow(queries.lock_maintenance, maintenance_id)
    return None if row is None else maintenance_of(row)


async def plan(tx: Tx, new: MaintenanceRow) -> None:
    """Stores a maintenance that is announced, with its first period."""
    period = new.standing.period
    when = period.starts_at, period.ends_at
    await tx.execute(queries.plan_maintenance, new.id, *_said(new.announced), *when, new.by, new.created_at)
    await keep_period(tx, new)


async def change(tx: Tx, row: MaintenanceRow) -> None:
    """Stores what a person changed."""
    await tx.execute(queries.change_maintenance, row.id, *_said(row.announced))


async def move(tx: Tx, row: MaintenanceRow) -> None:
    """Stores how it stands after one more fact about it."""
    standing = row.standing
    period = standing.period
    when = period.starts_at, period.ends_at
    await tx.execute(queries.move_maintenance, row.id, row.revision, standing.status, *when, row.cancelled_at, row.cancelled_by)


async def keep_period(tx: Tx, row: MaintenanceRow) -> None:
    """Stores the period that it stands in, or before: in this trouble is muted."""
    period = row.standing.period
    await tx.execute(queries.keep_period, row.id, period.starts_at, period.ends_at, list(row.announced.components))


def _said(announced: Announced) -> tuple[object, ...]:
    words = announced.title, announced.text, list(announced.components), dict(announced.audience)
    first = announced.plan.first
    return *words, first.starts_at, first.ends_at, announced.plan.repeat, announced.plan.zone
