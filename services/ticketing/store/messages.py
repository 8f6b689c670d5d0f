"""The messages on tickets; each is taken once."""

from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path

from services.ticketing.change import Message, Request
from services.ticketing.store.rows import columns
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("messages.sql"))

_row = attrgetter("id", "ticket_id", "at", "side", "author", "kind", "subject", "body", "incident_id")


async def unknown(tx: Tx, requests: Iterable[Request]) -> list[Request]:
    """Returns those that have not been taken yet, each once, in order."""
    once: dict[str, Request] = {}
    for request in requests:
        once.setdefault(request.message_id, request)
    taken = {row["id"] for row in await tx.fetch(queries.known_messages, list(once))}
    return [request for request in once.values() if request.message_id not in taken]


async def made_by(tx: Tx, message_id: str) -> str | None:
    """Returns the id of the ticket a request became or continued; None when it was not taken yet."""
    ticket_id: str | None = await tx.fetchval(queries.made_by, message_id)
    return ticket_id


async def save(tx: Tx, messages: Iterable[Message]) -> None:
    await tx.execute(queries.save_messages, *columns(map(_row, messages)))
