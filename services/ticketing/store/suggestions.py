"""Incidents that tickets may be about, until an agent decides."""

from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path

from services.ticketing.change import Link, Suggestion
from services.ticketing.incident import Incident
from services.ticketing.ticket import Ticket
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("suggestions.sql"))

_row = attrgetter("ticket_id", "incident_id", "score", "reasons", "suggested_at")


async def suggestion(tx: Tx, ticket: Ticket, incident_id: str) -> tuple[str, ...]:
    """Returns why an incident was suggested to a ticket; nothing when it was not."""
    return tuple(await tx.fetchval(queries.suggestion, ticket.id, incident_id) or ())


async def save(tx: Tx, suggestions: Iterable[Suggestion]) -> None:
    await tx.executemany(queries.save_suggestion, list(map(_row, suggestions)))


async def drop_decided(tx: Tx, links: Iterable[Link]) -> None:
    """Deletes the suggestions that became links, or that an agent has decided otherwise."""
    await tx.executemany(queries.drop_suggestion, [(link.ticket_id, link.incident_id) for link in links])


async def drop_all_of(tx: Tx, incident: Incident, at_most: int) -> bool:
    """Deletes suggestions of an incident that no ticket is about; returns whether there may be more."""
    return await tx.execute(queries.drop_suggestions, incident.id, at_most) == f"DELETE {at_most}"
