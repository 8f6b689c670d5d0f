"""The table of links says which ticket of a customer is about which incident, and which was found not to be."""

from collections.abc import Collection, Sequence
from pathlib import Path

from services.notifier.notification import ENDS, TicketRef, Tickets
from shared.events import TicketLinked, TicketResolved, TicketUnlinked
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


async def save_links(tx: Tx, facts: Sequence[TicketLinked | TicketUnlinked | TicketResolved]) -> None:
    """Stores which incident a ticket is about, or is not, for the facts that name one; of several about the same the last counts."""
    last = {(data.incident_id, data.customer_id, data.ticket_id): fact for fact in facts if (data := fact.data).incident_id is not None}
    if last:
        numbers = [fact.data.number for fact in last.values()]
        unlinked = [isinstance(fact, TicketUnlinked) for fact in last.values()]
        await tx.execute(queries.save_links, *map(list, zip(*last, strict=True)), numbers, unlinked)


async def tickets_of(tx: Tx, incident_id: str, customer_ids: Collection[str]) -> Tickets:
    """Returns what is known of these customers' tickets and the incident."""
    rows = await tx.fetch(queries.tickets_of, incident_id, list(customer_ids))
    about: dict[str, TicketRef] = {}
    for row in rows:
        if not row["unlinked"]:
            about.setdefault(row["customer_id"], TicketRef(row["ticket_id"], row["number"]))
    return Tickets(about, frozenset(row["ticket_id"] for row in rows if row["unlinked"]))


async def answered(tx: Tx, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Returns the ticket on which a customer was told of an incident, by incident and customer."""
    rows = await tx.fetch(queries.answered, *map(list, zip(*sorted(pairs), strict=True)), list(ENDS)) if pairs else []
    return {(row["incident_id"], row["customer_id"]): row["ticket_id"] for row in rows}
