"""Counts what the measures are made of: of one incident, or of what was opened in a period; and keeps what was counted last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import asyncpg

from services.console.measures import figures
from services.console.measures.figures import Alarms, Figures, Reach, Telling, Work
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("measures.sql"))

# A million tickets take a tenth of that. One process counts: it happens all the time, and facts that come in meanwhile need the others.
AT_MOST = "SET LOCAL statement_timeout = '25s'; SET LOCAL max_parallel_workers_per_gather = 0"
CLOCK = "SELECT clock()"


@dataclass(frozen=True, slots=True)
class Counted:
    """Holds the figures of a period, and when they were counted."""

    since: datetime
    at: datetime
    figures: Figures


async def of_period(tx: Tx, period: timedelta) -> Counted:
    """Counts what was opened in a period that ends now, by the clock of the database. `tx` must be a transaction."""
    await tx.execute(AT_MOST)
    until: datetime = await tx.fetchval(CLOCK)
    since = until - period
    counted = await _one(tx, queries.alarms, since, until)
    lead_time = await tx.fetchval(queries.lead_time, since, until)
    telling = await _one(tx, queries.telling, since, until)
    work = await _one(tx, queries.work, since, until)
    alarms = Alarms(counted["incidents"], counted["ended"], counted["dismissed"])
    return Counted(since, until, figures.of_period(alarms, _reach(counted, lead_time), Telling(*telling), Work(*work)))


async def of_incident(tx: Tx, incident_id: str) -> Figures | None:
    """Counts one incident exactly: a second for a million customers. None when there is no such incident. `tx` must be a transaction."""
    await tx.execute(AT_MOST)
    reach = await reach_of(tx, incident_id)
    if reach is None:
        return None
    telling = await _one(tx, queries.incident_telling, incident_id)
    work = await _one(tx, queries.incident_work, incident_id)
    return figures.of_incident(reach, Telling(*telling), Work(*work))


async def reach_of(tx: Tx, incident_id: str) -> Reach | None:
    """Returns what is counted of one incident's customers, in one statement that a page may use; None when there is no such incident."""
    row = await tx.fetchrow(queries.incident_reach, incident_id)
    return Reach(*row) if row else None


async def keep(tx: Tx, period: str, counted: Counted) -> None:
    """Keeps the figures of a period for whoever shows them."""
    await tx.execute(queries.keep_figures, period, counted.since, counted.at, counted.figures)


async def kept(tx: Tx) -> Mapping[str, Counted]:
    """Returns the figures of each period as they were counted last, the shortest first; a period that was never counted is left out."""
    rows = await tx.fetch(queries.kept_figures)
    return {row["period"]: Counted(row["since"], row["at"], row["values"]) for row in rows}


def _reach(row: asyncpg.Record, lead_time: float | None) -> Reach:
    return Reach(row["affected"], row["told"], row["told_first"], row["wrote"], lead_time)


async def _one(tx: Tx, query: str, *values: object) -> asyncpg.Record:
    return cast(asyncpg.Record, await tx.fetchrow(query, *values))
