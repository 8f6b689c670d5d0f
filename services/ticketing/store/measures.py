"""The figures of who was told of incidents, and whether it helped."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from services.ticketing.incident import Incident
from services.ticketing.matching.match import Windows
from services.ticketing.measures import Reach
from services.ticketing.store.rows import columns
from services.ticketing.store.tickets import now
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("measures.sql"))


async def save_told(tx: Tx, told: Iterable[tuple[str, str, datetime]]) -> None:
    """Stores when customers were told (incident, customer, when): only the first time counts."""
    first: dict[tuple[str, str], datetime] = {}
    for incident_id, customer_id, at in told:
        first[incident_id, customer_id] = min(at, first.get((incident_id, customer_id), at))
    if first:
        await tx.execute(queries.save_told, *columns((*pair, at) for pair, at in first.items()))


async def reach(tx: Tx, incident_id: str) -> Reach:
    """Returns how many of an incident's customers were told, and how many before they wrote in about it."""
    [row] = await tx.fetch(queries.reach, incident_id)
    return Reach(*row)


async def leads(tx: Tx, incident_id: str) -> list[float]:
    """Returns the lead times in seconds, from told to first contact, of each customer who wrote after they were told."""
    return [row["lead"] for row in await tx.fetch(queries.leads, incident_id)]


async def tickets_during(tx: Tx, incident: Incident, windows: Windows) -> int:
    """Returns how many tickets affected customers opened during an incident, about it or not."""
    until = incident.end.at + windows.after if incident.end else await now(tx)
    opened: int = await tx.fetchval(queries.tickets_during, incident.id, incident.started_at - windows.before, until)
    return opened


async def tickets_linked(tx: Tx, incident: Incident) -> int:
    """Returns how many tickets are linked to an incident now."""
    linked: int = await tx.fetchval(queries.tickets_linked, incident.id)
    return linked
