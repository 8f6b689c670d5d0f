"""The tables of incidents and of the customers they touch."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import asyncpg

from services.monitor.fold.tallies import Tally
from services.monitor.incidents.impact import Certainty
from services.monitor.incidents.known import RecentIncident
from services.monitor.incidents.life import IncidentRow, Status, moment
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

COLUMNS = [field.name for field in fields(IncidentRow)]


async def changed_incidents(tx: Tx, read: str | None, within: timedelta) -> tuple[list[RecentIncident], str]:
    """Returns the incidents that may have changed since the last reading, and up to which transaction they are read now.

    `read`: what the last reading said; None: it is the first, which returns the open ones, and of those that events have shown to be over
    those that opened `within` so long.
    """
    rows = await tx.fetch(queries.recent_incidents, within) if read is None else await tx.fetch(queries.changed_incidents, read)
    return [RecentIncident(*row[1:]) for row in rows if row["id"] is not None], rows[0]["read"]


async def merged_incidents(tx: Tx) -> list[RecentIncident]:
    """Returns all incidents that were merged into one that is open."""
    return [RecentIncident(*row) for row in await tx.fetch(queries.merged_incidents)]


async def record_impact(
    tx: Tx, incident_id: str, affected: Mapping[str, tuple[Tally, Certainty]], found_by: str | None = None
) -> dict[str, bool]:
    """Records the customers an incident touches; returns whom there is news of: True when they were not known to be touched at all.

    False: they were likely touched, and are confirmed now. Nobody who is confirmed becomes likely again.

    `found_by`: what else found them, which was merged into the incident or belongs to it.
    """
    tallies = [tally for tally, _ in affected.values()]
    rows = await tx.fetch(
        queries.record_impact,
        incident_id,
        list(affected),
        [certainty for _, certainty in affected.values()],
        [moment(tally.first) for tally in tallies],
        [moment(tally.last) for tally in tallies],
        [tally.count for tally in tallies],
        found_by,
    )
    news = {row["customer_id"]: row["is_new"] for row in rows if row["is_new"] or row["is_confirmed"]}
    likely = sum(1 if affected[customer][1] == "likely" else 0 if is_new else -1 for customer, is_new in news.items())
    if news:
        await tx.execute(queries.count_affected, incident_id, sum(news.values()), likely)
    return news


def incident_of(row: asyncpg.Record) -> IncidentRow:
    """Returns an incident, of a row with all its columns.

    Older versions may still run beside this one. They write no `ended_at`, and to them one that is acknowledged is open, and one that
    was merged is withdrawn.
    """
    known = {name: row[name] for name in COLUMNS} | {"ended_at": row["ended_at"] or row["resolved_at"]}
    if row["status"] == Status.OPEN and row["acknowledged_at"] is not None:
        known["status"] = Status.ACKNOWLEDGED
    elif row["status"] == Status.WITHDRAWN and row["merged_into"] is not None and row["ended_at"] is None:
        known["status"] = Status.MERGED
    return IncidentRow(**known)


async def incident(tx: Tx, query: str, *values: object) -> IncidentRow | None:
    """Returns the incident that the query returns, if it returns one."""
    row = await tx.fetchrow(query, *values)
    return None if row is None else incident_of(row)


async def lock_incidents(tx: Tx, ids: Collection[str]) -> dict[str, IncidentRow]:
    """Locks these incidents until `tx` ends, and returns them by id."""
    rows = await tx.fetch(queries.lock_incidents, list(ids)) if ids else []
    return {row["id"]: incident_of(row) for row in rows}


async def lock_standing(tx: Tx, ids: Collection[str]) -> dict[str, IncidentRow]:
    """Locks these incidents until `tx` ends, and returns them by id; for one that was merged the incident that it was merged into."""
    rows = {row["id"]: incident_of(row) for row in (await tx.fetch(queries.lock_standing, list(ids)) if ids else [])}
    return {each: rows.get(rows[each].merged_into or each, rows[each]) for each in ids if each in rows}
