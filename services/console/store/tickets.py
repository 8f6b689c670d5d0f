"""Tickets as tickets.v1 says they are; what lists and incidents count of them is the triggers' work."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.console.store.rows import columns_of, value_of
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("tickets.sql"))


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket as the latest fact says it is. The fields are columns, in the order of `tickets.sql`."""

    id: str
    number: int
    customer_id: str
    opened_at: datetime
    changed_at: datetime
    status: str = "open"
    channel: str = ""
    subject: str = ""
    component: str | None = None
    priority: str = "normal"
    assignee: str | None = None
    incident_id: str | None = None
    resolved_at: datetime | None = None
    due_at: datetime | None = None
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    stopped_at: datetime | None = None
    responded_at: datetime | None = None
    responded_by: str | None = None
    responded_automatically: bool = False
    person_responded_at: datetime | None = None
    reopened: int = 0
    last_word_at: datetime | None = None
    last_word_side: str | None = None


async def known(tx: Tx, ids: Collection[str]) -> dict[str, Ticket]:
    """Returns those of the tickets that are known."""
    return {row["id"]: value_of(row, Ticket) for row in await tx.fetch(queries.tickets_known, list(ids))}


async def save(tx: Tx, tickets: Iterable[Ticket]) -> None:
    """Writes the tickets as they are now."""
    await tx.execute(queries.save_tickets, *columns_of(tickets, Ticket))
