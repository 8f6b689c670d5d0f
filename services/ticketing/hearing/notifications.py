"""`notifications.v1`: who was told of an incident, and when; coverage and lead time are computed from it."""

from collections.abc import Sequence

from services.ticketing.hearing.customers import erasures_of
from services.ticketing.store import measures
from shared.events import Fact, NotificationDelivered
from shared.postgres import Tx


async def on_notifications(tx: Tx, facts: Sequence[Fact]) -> None:
    """Keeps when each customer was first told that an incident was opened, unless they were erased since."""
    told = [fact.data for fact in facts if isinstance(fact, NotificationDelivered) and fact.data.kind == "opened"]
    erased = await erasures_of(tx, [data.customer_id for data in told])
    current = [data for data in told if data.customer_id not in erased or data.delivered_at > erased[data.customer_id]]
    await measures.save_told(tx, [(data.incident_id, data.customer_id, data.delivered_at) for data in current if data.incident_id])
