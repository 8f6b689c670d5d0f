"""These queries show and erase everything about one customer, whatever it belongs to."""

from pathlib import Path

from services.notifier.store import incidents
from services.notifier.store.incidents import Place
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


async def restart_follow_ups(tx: Tx, customer_id: str) -> int:
    """Has follow-ups that have come as far as the customer begin anew, since their place is the customer's id; returns how many."""
    refs = [row["ref"] for row in await tx.fetch(queries.places, customer_id)]
    for ref in refs:
        await tx.execute(queries.leave_place, ref)
    places = [Place.of(ref) for ref in refs]
    await incidents.follow_up(tx, [Place(place.incident_id, place.revision) for place in places])
    return len(refs)
