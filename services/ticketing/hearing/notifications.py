"""`notifications.v1`: who was told of an incident, and when; coverage and lead time are computed from it."""

from collections.abc import Sequence

from services.ticketing.store import measures
from shared.events import Fact, NotificationDelivered
from shared.postgres import Tx


async def on_notifications(tx: Tx, facts: Sequence[Fact]) -> None:
    """Keeps when each customer was first told that an incident was opened."""
    told = [fact.data for fact in facts if isinstance(fact, NotificationDelivered) and fact.data.kind == "opened"]
    await measures.save_told(tx, [(data.incident_id, data.customer_id, data.delivered_at) for data in told if data.incident_id])
