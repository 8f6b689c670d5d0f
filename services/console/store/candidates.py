"""Candidates as incidents.v1 says they are: complaints rise, and nobody was told of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.console.store.rows import columns_of
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("candidates.sql"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate. The fields are columns, in the order of `candidates.sql`."""

    id: str
    rule: str
    component: str
    title: str
    status: str
    customers: int
    found_at: datetime
    said_at: datetime
    by: str | None
    note: str
    merged_into: str | None
    revision: int


async def save(tx: Tx, candidates: Iterable[Candidate]) -> None:
    """Writes candidates, each of them once, unless a later revision is known."""
    await tx.execute(queries.save_candidates, *columns_of(candidates, Candidate))
