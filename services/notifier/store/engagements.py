"""What is known of notifications after a provider took them: that they arrived, were opened and followed, and whether they helped."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.notifier.delivery import DeliveryStatus
from services.notifier.notification import Notification
from services.notifier.store.ledger import notification_in
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

Place = tuple[str, str]  # channel, address


@dataclass(frozen=True, slots=True)
class Sent:
    """A notification that a customer has, or may have."""

    notification: Notification
    now: datetime


async def sent(tx: Tx, notification_id: str) -> Sent | None:
    """Returns the notification; None when there is none, it was not brought, or its customer was erased."""
    row = await tx.fetchrow(queries.engaged_notification, notification_id)
    return Sent(notification_in(row), row["now"]) if row else None


async def note(tx: Tx, notification_id: str, what: str) -> bool:
    """Notes that something was seen of the notification; returns whether it is the first time."""
    return bool(await tx.fetchval(queries.note_engaged, notification_id, what))


async def ways(tx: Tx, notification_id: str) -> dict[Place, DeliveryStatus]:
    """Returns by which ways it was brought, or tried to be."""
    rows = await tx.fetch(queries.every_way, notification_id)
    return {(row["channel"], row["address"]): DeliveryStatus(row["status"]) for row in rows}
