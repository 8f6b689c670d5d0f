"""Periods of maintenance as the latest fact about each describes them, and the queue of those whose customers are still to be told."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import asyncpg

from services.notifier.maintenance import Announced, Period, PeriodStatus, period_after
from services.notifier.notification import Notification
from services.notifier.store.ledger import notification_in
from shared.postgres import Queries, Tx
from shared.timers import schedule

queries = Queries(Path(__file__).with_suffix(".sql"))

ANNOUNCE = "announce"  # due rows of periods whose customers are still to be looked through

_COLUMNS = tuple(field.name for field in fields(Period))  # in the order of the query's parameters


@dataclass(frozen=True, slots=True)
class Walk:
    """The place up to which customers have been looked through for a period: the directory, or those who were told of it."""

    period: str
    revision: int  # of the fact that named the audience, or of the news
    after: str = ""  # a customer's id
    told: bool = False

    @property
    def ref(self) -> str:
        return json.dumps([self.period, self.revision, self.after, self.told])

    @classmethod
    def of(cls, ref: str) -> "Walk":
        return cls(*json.loads(ref))

    def is_left(self, period: Period) -> bool:
        """Says whether it is still to be done: a newer fact has walks of its own."""
        return self.revision == (period.news if self.told else period.called) and (self.told or not period.over)


async def take(tx: Tx, fact: Announced) -> tuple[Period | None, Period] | None:
    """Stores what a fact says of its period; returns the period before and after it, or None when the fact is no news."""
    row = await tx.fetchrow(queries.latest_period, fact.data.maintenance_id)
    before = _period_in(row) if row else None
    after = period_after(before, fact)
    if after is None:
        return None
    await tx.execute(queries.put_period, *(getattr(after, column) for column in _COLUMNS))
    return (before if before and before.id == after.id else None), after


async def walk(tx: Tx, walks: Iterable[Walk]) -> None:
    """Has customers looked through from there on, now."""
    now = await tx.fetchval("SELECT clock()")
    await schedule(tx, ANNOUNCE, {each.ref: now for each in walks})


async def lock(tx: Tx, period: str) -> Period | None:
    """Returns the period as it stands, and will stand until `tx` ends."""
    row = await tx.fetchrow(queries.lock_period, period)
    return _period_in(row) if row else None


async def periods(tx: Tx, ids: Collection[str]) -> dict[str, Period]:
    """Returns the periods, by their ids."""
    return {row["id"]: _period_in(row) for row in await tx.fetch(queries.periods, sorted(ids))} if ids else {}


async def told(tx: Tx, at: Walk, at_most: int) -> tuple[list[Notification], Walk | None]:
    """Returns what the next customers have in the ledger of the period, and from where to go on: of whole customers."""
    found = [notification_in(row) for row in await tx.fetch(queries.next_of_period, at.period, at.after, at_most + 1)]
    if len(found) <= at_most:
        return found, None
    whole = [each for each in found if each.customer_id != found[-1].customer_id] or found
    return whole, replace(at, after=whole[-1].customer_id)


async def of_customers(tx: Tx, period: str, customer_ids: Collection[str]) -> list[Notification]:
    """Returns what these customers have in the ledger of the period, one customer after the other."""
    return [notification_in(row) for row in await tx.fetch(queries.of_period_and_customers, period, sorted(customer_ids))]


def _period_in(row: asyncpg.Record) -> Period:
    known: dict[str, Any] = {name: row[name] for name in _COLUMNS}
    return Period(**known | {"status": PeriodStatus(row["status"]), "components": tuple(row["components"])})
