"""Reads what was said on a ticket, the latest part first, and each part in its order."""

from datetime import datetime
from pathlib import Path
from typing import Any

from shared.api import cursor_of, timed_position
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("queries.sql"))

AT_ONCE = 50  # messages of one part
Place = tuple[datetime | None, str | None]


def earlier_than(cursor: str | None) -> Place:
    """Returns the place that a cursor names. Raises a 422 problem for one that is not ours."""
    return timed_position(cursor)


async def said_on(tx: Tx, ticket_id: str, before: Place) -> tuple[list[dict[str, Any]], str | None]:
    """Returns a part of the conversation in its order, and the cursor of the part before it; None when it begins here."""
    found = [dict(row) for row in await tx.fetch(queries.messages_of_ticket, ticket_id, *before, AT_ONCE + 1)]
    part = found[:AT_ONCE][::-1]
    more = len(found) > AT_ONCE
    return part, cursor_of(f"{part[0]['at'].isoformat()} {part[0]['id']}") if more else None
