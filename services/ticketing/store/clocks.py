"""The clocks of promises; they are read with their tickets."""

from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path

from services.ticketing.store.rows import columns
from services.ticketing.ticket import Ticket
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("clocks.sql"))

OF_CLOCK = ("started_at", "warn_at", "due_at", "warned_at", "breached_at", "stopped_at", "answered_by", "answered_automatically")

_row = attrgetter("id", *(f"first_response.{name}" for name in OF_CLOCK))


async def save(tx: Tx, tickets: Iterable[Ticket]) -> None:
    """Keeps the first-response clocks of these tickets as they are now."""
    await tx.execute(queries.save_clocks, *columns(map(_row, tickets)))
