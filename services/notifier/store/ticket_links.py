"""The table of links says which ticket of a customer is about which incident."""

from collections.abc import Collection, Sequence
from pathlib import Path

from services.notifier.notification import TicketRef
from shared.events import TicketLinked, TicketResolved
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


async def save_links(tx: Tx, facts: Sequence[TicketLinked | TicketResolved]) -> None:
    """Stores which incident a ticket is about, for the facts that name one."""
    said = [fact.data for fact in facts if fact.data.incident_id is not None]
    if said:
        await tx.execute(
            queries.save_links,
            [data.incident_id for data in said],
            [data.customer_id for data in said],
            [data.ticket_id for data in said],
            [data.number for data in said],
        )


async def tickets_of(tx: Tx, incident_id: str, customer_ids: Collection[str]) -> dict[str, TicketRef]:
    """Returns, by customer, the first ticket of theirs that is about the incident."""
    rows = await tx.fetch(queries.tickets_of, incident_id, list(customer_ids))
    return {row["customer_id"]: TicketRef(row["ticket_id"], row["number"]) for row in rows}
