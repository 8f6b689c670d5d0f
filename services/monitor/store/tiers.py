"""The table of customers' tiers."""

from collections.abc import Collection, Sequence
from pathlib import Path

from shared.erasing import latest_of
from shared.events import CustomerUpdated
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


async def learn(tx: Tx, facts: Sequence[CustomerUpdated]) -> None:
    """Stores the tiers that these facts say. What is older than a customer's erasure brings nothing back."""
    current = await latest_of(tx, facts)
    said = [(fact.subject, fact.data.tier, fact.time) for fact in current if fact.data.tier]
    none = [(fact.subject, fact.time) for fact in current if not fact.data.tier]
    if said:
        await tx.execute(queries.put_tiers, *map(list, zip(*said, strict=True)))
    if none:
        await tx.execute(queries.drop_tiers, *map(list, zip(*none, strict=True)))


async def tiers_touched(tx: Tx, incident_id: str, tiers: Collection[str]) -> dict[str, int]:
    """Returns how many customers of each of these tiers an incident touches."""
    return {row["tier"]: row["customers"] for row in await tx.fetch(queries.tiers_touched, incident_id, list(tiers))} if tiers else {}
