"""The tables of incidents and of the customers they touch."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import asyncpg

from services.monitor.fold.tallies import Tally
from services.monitor.incidents.impact import RecentIncident
from services.monitor.incidents.life import IncidentRow, moment
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

COLUMNS = [field.name for field in fields(IncidentRow)]


async def recent_incidents(tx: Tx, within: timedelta) -> list[RecentIncident]:
    """Returns the open ones, and of those that events have shown to be over those that opened so shortly ago."""
    return [RecentIncident(*row) for row in await tx.fetch(queries.recent_incidents, within)]


async def record_impact(tx: Tx, incident_id: str, affected: Mapping[str, Tally]) -> set[str]:
    """Records the customers an incident touches; returns those it was not known to touch."""
    rows = await tx.fetch(
        queries.record_impact,
        incident_id,
        list(affected),
        [moment(tally.first) for tally in affected.values()],
        [moment(tally.last) for tally in affected.values()],
        [tally.count for tally in affected.values()],
    )
    new = {row["customer_id"] for row in rows if row["is_new"]}
    if new:
        await tx.execute(queries.count_affected, incident_id, len(new))
    return new


def incident_of(row: asyncpg.Record) -> IncidentRow:
    """Returns an incident, of a row with all its columns. The version before writes no `ended_at`, and may still run beside this one."""
    return IncidentRow(**{name: row[name] for name in COLUMNS} | {"ended_at": row["ended_at"] or row["resolved_at"]})


async def incident(tx: Tx, query: str, *values: object) -> IncidentRow | None:
    """Returns the incident that the query returns, if it returns one."""
    row = await tx.fetchrow(query, *values)
    return None if row is None else incident_of(row)


async def lock_incidents(tx: Tx, ids: Collection[str]) -> dict[str, IncidentRow]:
    """Locks these incidents until `tx` ends, and returns them by id."""
    rows = await tx.fetch(queries.lock_incidents, list(ids)) if ids else []
    return {row["id"]: incident_of(row) for row in rows}
