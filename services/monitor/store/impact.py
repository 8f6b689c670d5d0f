"""Whom people put into an incident's impact and take out of it, and the impact of incidents that are merged.

Its rows are changed before the incident's own row is locked, as the fold does it too.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shared.events import Affected
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says of customers and an incident."""

    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of an incident's impact: the customers of whom there is news, and what that adds to its counts."""

    customers: Sequence[str]
    affected: int
    likely: int


async def add(tx: Tx, incident_id: str, customers: Collection[str], said: Said) -> tuple[list[Affected], Difference]:
    """Has the incident touch these customers; those who are confirmed already are no news."""
    rows = await tx.fetch(queries.add_customers, incident_id, sorted(customers), said.at, said.by, said.reason)
    seen = ("customer_id", "first_seen_at", "last_seen_at", "count")
    news = [Affected(**{name: row[name] for name in seen}, certainty="confirmed", by=said.by) for row in rows]
    were_likely = sum(row["was_likely"] for row in rows)
    return news, Difference([each.customer_id for each in news], len(rows) - were_likely, -were_likely)


async def take_out(tx: Tx, incident_id: str, customers: Collection[str], said: Said) -> Difference:
    """Has the incident touch these customers no more, whatever events say."""
    await tx.execute(queries.lock_impact, incident_id, sorted(customers))
    rows = await tx.fetch(queries.take_out_customers, incident_id, sorted(customers), said.at, said.by, said.reason)
    return Difference([row["customer_id"] for row in rows], -len(rows), -sum(row["was_likely"] for row in rows))


async def note_step(tx: Tx, incident_id: str, customers: Collection[str], revision: int) -> None:
    """Notes which step named these customers: its words are erased with any of them."""
    await tx.execute(queries.note_step, incident_id, list(customers), revision)


async def split(tx: Tx, from_id: str, into_id: str, customers: Sequence[str], said: Said) -> list[Affected]:
    """Has the second incident touch customers who were taken out of the first one. Its row must be there."""
    rows = await tx.fetch(queries.split_impact, from_id, into_id, list(customers), said.by, said.reason)
    return [Affected(**row, by=said.by) for row in rows]


async def touched_of(tx: Tx, incident_id: str, customers: Collection[str]) -> set[str]:
    """Returns whom of these customers an incident touches."""
    return {row["customer_id"] for row in await tx.fetch(queries.touched_of, incident_id, list(customers))}


async def merge(tx: Tx, from_id: str, into_id: str) -> Difference:
    """Has the second incident touch whom the first one touches."""
    rows = [row for row in await tx.fetch(queries.merge_impact, from_id, into_id) if not row["is_out"]]
    confirmed = sum(row["was_likely"] for row in rows)
    likely = sum(row["certainty"] == "likely" for row in rows)
    return Difference([row["customer_id"] for row in rows], len(rows) - confirmed, likely - confirmed)
