"""The messages on tickets; each is taken once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from pathlib import Path

from services.ticketing.change import Message, Request
from services.ticketing.store.rows import columns
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("messages.sql"))


@dataclass(frozen=True, slots=True)
class Answered:
    """A message by which support answered, with the start of its body."""

    id: str
    author: str
    at: datetime
    body: str


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


async def answers_since(tx: Tx, ticket_id: str, seen: str) -> list[Answered] | None:
    """Returns the first message of support after the one that was seen, if there is one; None when that is no message of the ticket."""
    row = await tx.fetchrow(queries.answers_since, ticket_id, seen)
    if row is None:
        return None
    return [Answered(**row)] if row["id"] is not None else []


async def save(tx: Tx, messages: Iterable[Message]) -> None:
    await tx.execute(queries.save_messages, *columns(map(_row, messages)))
