"""The tables of complaints, and of the candidates that they make."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg

from services.monitor.detectors.surge import WEEKS, History
from services.monitor.incidents.candidates import CandidateRow, Complaint
from services.monitor.incidents.life import moment
from services.monitor.rules.surge import SurgeRule
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

COLUMNS = [field.name for field in fields(CandidateRow)]


def candidate_of(row: asyncpg.Record) -> CandidateRow:
    """Returns a candidate, of a row with all its columns."""
    return CandidateRow(**{name: row[name] for name in COLUMNS})


async def candidate(tx: Tx, query: str, *values: object) -> CandidateRow | None:
    """Returns the candidate that the query returns, if it returns one."""
    row = await tx.fetchrow(query, *values)
    return None if row is None else candidate_of(row)


async def about(tx: Tx, rule: SurgeRule, component: str, since: float, until: float, incident: str | None) -> Sequence[Complaint]:
    """Returns the complaints that windows from `since` to `until` hold. `incident`: tickets linked to it count, those of others do not."""
    rows = await tx.fetch(queries.complaints_about, component, moment(since) - rule.window, moment(until), incident)
    return [Complaint(row["customer_id"], row["at"]) for row in rows]


async def history_of(tx: Tx, component: str, until: float) -> History:
    """Returns the complaints about a component in the weeks before."""
    at = moment(until)
    rows = await tx.fetch(queries.complaints_by_hour, component, at - timedelta(weeks=WEEKS, days=2), at)
    return History({row["hour"]: row["customers"] for row in rows}, await tx.fetchval(queries.known_since) or until)


async def rising(tx: Tx, components: Collection[str]) -> dict[str, datetime]:
    """Returns since when complaints about these components rise: of those that have a candidate."""
    return {row["component"]: row["since"] for row in await tx.fetch(queries.waiting_of, sorted(components))}
