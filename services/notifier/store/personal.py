"""These queries show and erase everything about one customer, whatever it belongs to."""

from dataclasses import replace
from pathlib import Path

from services.notifier.store import incidents, maintenance
from services.notifier.store.incidents import Place
from services.notifier.store.maintenance import Walk
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


async def restart_follow_ups(tx: Tx, customer_id: str) -> int:
    """Has pieces of work that have come as far as the customer begin anew, since their place is the customer's id; returns how many."""
    rows = await tx.fetch(queries.places, customer_id)
    for row in rows:
        await tx.execute(queries.leave_place, row["kind"], row["ref"])
    refs = [row["ref"] for row in rows if row["kind"] == incidents.FOLLOW_UP]
    await incidents.follow_up(tx, [replace(Place.of(ref), after="") for ref in refs])
    await maintenance.walk(tx, [replace(Walk.of(row["ref"]), after="") for row in rows if row["kind"] == maintenance.ANNOUNCE])
    return len(rows)
