"""The history of tickets: who did what to each."""

from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path

from services.ticketing.change import Change
from services.ticketing.store.rows import columns
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("history.sql"))

_row = attrgetter("ticket.id", "at", "by.name", "by.kind", "what", "detail")


async def save(tx: Tx, changes: Iterable[Change]) -> None:
    await tx.execute(queries.remember, *columns(map(_row, changes)))
