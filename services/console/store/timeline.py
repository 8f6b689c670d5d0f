"""What happened, a row a fact; it also tells a fact that comes again from a new one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from services.console.store.rows import columns
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("timeline.sql"))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the time lines."""

    id: str  # of the fact
    at: datetime
    service: str
    what: str
    incident_id: str | None = None
    ticket_id: str | None = None
    who: str | None = None  # the person, where one acted
    detail: dict[str, Any] = field(default_factory=dict)  # nothing personal
    words: tuple[str, ...] = ()  # why, in words that may quote the customer


async def add(tx: Tx, lines: Iterable[Line]) -> set[str]:
    """Adds the lines that are new, and returns the ids of their facts."""
    rows = [
        (each.id, each.at, each.service, each.what, each.incident_id, each.ticket_id, each.who, each.detail, _json(each.words))
        for each in {line.id: line for line in lines}.values()
    ]
    return {row["id"] for row in await tx.fetch(queries.add_lines, *columns(rows))} if rows else set()


def _json(words: tuple[str, ...]) -> str:
    """Returns the words as one text: Postgres has no arrays of arrays of different lengths."""
    return msgspec.json.encode(words).decode()
