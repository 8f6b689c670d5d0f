"""Incidents as incidents.v1 says they are; what is counted of them is the triggers' work."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from services.console.store.rows import columns_of, value_of
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("incidents.sql"))


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident, as the fact with the highest revision says it is. The fields are columns, in the order of `incidents.sql`."""

    id: str
    rule: str
    component: str
    severity: str
    symptom: str
    title: str
    status: str
    started_at: datetime
    opened_at: datetime
    revision: int
    said_at: datetime
    failing_at: datetime | None = None
    silent_since: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    note: str = ""
    reason: str | None = None
    behind_seconds: float = 0.0
    why: dict[str, Any] = field(default_factory=dict)
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    public: dict[str, Any] | None = None
    merged_into: str | None = None
    split_from: str | None = None


async def known(tx: Tx, ids: Collection[str]) -> dict[str, Incident]:
    """Returns those of the incidents that are known."""
    return {row["id"]: value_of(row, Incident) for row in await tx.fetch(queries.incidents_known, list(ids))}


async def save(tx: Tx, incidents: Iterable[Incident]) -> None:
    """Writes the incidents as they are now."""
    await tx.execute(queries.save_incidents, *columns_of(incidents, Incident))
