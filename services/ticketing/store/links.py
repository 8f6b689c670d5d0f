"""Links between tickets and incidents, and which of them have been through their incident's end."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from pathlib import Path

from services.ticketing.change import Link
from services.ticketing.incident import End, Incident
from services.ticketing.store.tickets import ticket_of
from services.ticketing.ticket import Ticket
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("links.sql"))

_row = attrgetter(
    "ticket_id", "incident_id", "reasons", "linked_at", "answered_at", "unlinked_at", "unlinked_by", "verdict", "ended_revision"
)


async def link_of(tx: Tx, ticket: Ticket) -> Link | None:
    """Returns the link a ticket has now."""
    row = await tx.fetchrow(queries.link_of, ticket.id, ticket.incident_id)
    return Link(**row) if row else None


async def ended_unnoticed(tx: Tx, first: int, last: int) -> list[str]:
    """Returns incidents that ended while tickets with these numbers were linked to them: their end has missed those."""
    return [row["id"] for row in await tx.fetch(queries.ended_unnoticed, first, last)]


async def linked_to_ended(tx: Tx, incident: Incident, end: End, at_most: int) -> list[tuple[Ticket, Link]]:
    """Returns tickets, locked, that have not been through this end of their incident."""
    rows = await tx.fetch(queries.linked_to_ended, incident.id, end.revision, at_most)
    return [
        (ticket_of(row), Link(row["id"], incident.id, row["reasons"], row["linked_at"], row["answered_at"], ended_revision=end.revision))
        for row in rows
    ]


async def linked_of_customers(tx: Tx, incident_ids: Sequence[str], customers: Sequence[str]) -> list[tuple[Ticket, Link]]:
    """Returns the tickets of these customers, locked, that are linked to one of these incidents and not closed."""
    rows = await tx.fetch(queries.linked_of_customers, list(incident_ids), list(customers))
    return [(ticket_of(row), Link(row["id"], row["linked_to"], row["reasons"], row["linked_at"], row["answered_at"])) for row in rows]


async def been_through(tx: Tx, incident: Incident, end: End, tickets: Sequence[Ticket]) -> None:
    """Notes that these tickets have been through this end of their incident."""
    await tx.execute(queries.been_through, incident.id, end.revision, [ticket.id for ticket in tickets])


async def more_to_end(tx: Tx, incident: Incident, end: End) -> bool:
    """Says whether tickets are left that have not been through this end of their incident."""
    left: bool = await tx.fetchval(queries.more_to_end, incident.id, end.revision)
    return left


async def save(tx: Tx, links: Iterable[Link]) -> None:
    await tx.executemany(queries.save_link, list(map(_row, links)))
