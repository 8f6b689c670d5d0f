"""The table of when customers renew, and the due rows that have it reckoned with."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from shared.erasing import latest_of
from shared.events import CustomerUpdated
from shared.postgres import Queries, Tx
from shared.timers import schedule

JUDGE = "judge_renewal"  # the kind of the due rows; each names a risk whose customer may renew soon

queries = Queries(Path(__file__).with_suffix(".sql"))


async def learn(tx: Tx, facts: Sequence[CustomerUpdated]) -> None:
    """Stores when customers renew, as these facts say it. What is older than a customer's erasure brings nothing back."""
    current = await latest_of(tx, facts)
    said = [(fact.subject, fact.data.renews_at, fact.time) for fact in current if fact.data.renews_at]
    none = [(fact.subject, fact.time) for fact in current if not fact.data.renews_at]
    if said:
        await tx.execute(queries.put_renewals, *map(list, zip(*said, strict=True)))
    if none:
        await tx.execute(queries.drop_renewals, *map(list, zip(*none, strict=True)))
    await look_at(tx, {fact.subject for fact in facts})


async def forget(tx: Tx, customer_id: str) -> None:
    """Forgets when a customer renews whose key the product deleted."""
    await tx.execute(queries.erase_renewal, customer_id)
    await look_at(tx, [customer_id])


async def look_at(tx: Tx, customers: Collection[str]) -> None:
    """Has those of these customers judged who have an open risk. Renewals must be written before: a risk raised meanwhile waits for it."""
    rows = await tx.fetch(queries.open_risks_of, list(customers))
    await judge(tx, (row["id"] for row in rows), await tx.fetchval("SELECT clock()"))


async def judge(tx: Tx, risks: Iterable[str], at: datetime) -> None:
    """Has the customers of these risks judged at a moment."""
    await schedule(tx, JUDGE, dict.fromkeys(risks, at))
