"""Whom incidents touch, and who of them was told. Who wrote is the work of the trigger of `tickets`."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.console.store.rows import columns_of
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("impact.sql"))


@dataclass(frozen=True, slots=True)
class Touched:
    """Evidence that an incident touches a customer. The fields are columns, in the order of `impact.sql`."""

    incident_id: str
    customer_id: str
    certainty: str
    first_seen_at: datetime
    last_seen_at: datetime
    count: int
    found_at: datetime

    def merged(self, other: "Touched") -> "Touched":
        """Returns what both say: certainty, times and counts only grow."""
        return Touched(
            self.incident_id,
            self.customer_id,
            "confirmed" if "confirmed" in (self.certainty, other.certainty) else "likely",
            min(self.first_seen_at, other.first_seen_at),
            max(self.last_seen_at, other.last_seen_at),
            max(self.count, other.count),
            min(self.found_at, other.found_at),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """Whether a customer was told that the incident was opened: `told_at`, or the reason why not."""

    incident_id: str
    customer_id: str
    told_at: datetime | None
    untold_reason: str | None
    notification_id: str


async def touch(tx: Tx, found: Iterable[Touched]) -> None:
    """Merges what is found into what is known."""
    rows: dict[tuple[str, str], Touched] = {}
    for each in found:
        pair = each.incident_id, each.customer_id
        rows[pair] = rows[pair].merged(each) if pair in rows else each
    if rows:
        await tx.execute(queries.touch, *columns_of(rows.values(), Touched))


async def untouch(tx: Tx, removed: Collection[tuple[str, str]]) -> None:
    """Has incidents touch customers no more: pairs of both ids."""
    if removed:
        await tx.execute(queries.untouch, *map(list, zip(*sorted(removed), strict=True)))


async def split(tx: Tx, from_ids: Sequence[str], into_id: str, customers: Sequence[str]) -> None:
    """Has what customers were told of some incidents count for another one."""
    await tx.execute(queries.split_impact, list(from_ids), into_id, list(customers))


async def merge(tx: Tx, from_id: str, into_id: str) -> None:
    """Has the second incident touch whom the first one touches."""
    await tx.execute(queries.merge_impact, from_id, into_id)


async def tell(tx: Tx, told: Iterable[Told]) -> None:
    """Stores who was told, and why others were not: told once is told, and of the reasons the last counts."""
    rows: dict[tuple[str, str], Told] = {}
    for each in told:
        pair = each.incident_id, each.customer_id
        rows[pair] = _later(rows[pair], each) if pair in rows else each
    if rows:
        await tx.execute(queries.tell, *columns_of(rows.values(), Told))


def _later(known: Told, said: Told) -> Told:
    if known.told_at is None:
        return said
    return said if said.told_at is not None and said.told_at < known.told_at else known
