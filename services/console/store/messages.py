"""What was said on tickets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.console.store.rows import columns_of
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("messages.sql"))


@dataclass(frozen=True, slots=True)
class Message:
    """One message. The fields are columns, in the order of `messages.sql`."""

    id: str
    ticket_id: str
    at: datetime
    side: str  # customer, support
    author: str
    kind: str  # request, answer, reply
    subject: str
    body: str
    incident_id: str | None = None


async def add(tx: Tx, messages: Sequence[Message]) -> None:
    """Adds the messages that are new."""
    if messages:
        await tx.execute(queries.add_messages, *columns_of(messages, Message))
