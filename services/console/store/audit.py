"""Keeps who did what in the console: who, when, what, before, after, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import asyncpg

from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("audit.sql"))


@dataclass(frozen=True)
class Entry:
    """Is one act. It holds states, ids and reasons, never words of or to a customer.

    `subject` says about what it was: `ticket:<id>`, `incident:<id>`, `customer:<id>`, `person:<name>`. An erasure finds the entries
    whose subject is the customer, and only those.
    """

    person: str
    role: str
    act: str
    subject: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    outcome: str = "done"
    form_id: str | None = None


async def record(tx: Tx, entry: Entry) -> None:
    """Notes one act in the transaction of the act itself."""
    await tx.execute(queries.record, *(getattr(entry, each.name) for each in fields(Entry)))


async def recorded(tx: Tx, form_id: str, person: str) -> bool:
    """Returns True when this person's act of this form is done already: the form was sent twice."""
    return bool(await tx.fetchval(queries.recorded, form_id, person))


async def latest(
    tx: Tx, *, before: int | None, person: str | None = None, act: str | None = None, subject: str | None = None, limit: int = 50
) -> list[asyncpg.Record]:
    """Returns acts, the latest first, one more than `limit` if there are more. `before` is the id of the last one on the page before.

    `tx` must be a transaction.
    """
    return await tx.fetch(queries.latest, before, person, act, subject, limit + 1)
