"""What customers were told, or why not: a row a notification, with the words as they were sent."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from services.console.store.rows import columns, columns_of
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("notifications.sql"))

LATER = {"suppressed": 0, "failed": 1, "delivered": 2}  # of two that were said of the same moment, the greater counts


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification as it was settled. The fields are columns, in the order of `notifications.sql`."""

    id: str
    customer_id: str
    kind: str
    incident_id: str | None
    ticket_id: str | None
    status: str  # delivered, failed, suppressed
    reason: str | None
    channel: str | None
    at: datetime
    message_id: str | None = None
    subject: str = ""
    body: str = ""
    why: dict[str, Any] = field(default_factory=dict)
    answer: str = ""

    @property
    def place(self) -> tuple[datetime, int]:
        """Returns what orders all that is said of one notification: the greatest counts."""
        return self.at, LATER[self.status]


async def settle(tx: Tx, said: Iterable[Notification]) -> set[str]:
    """Stores how notifications were settled, and returns the ids of those whose rows it changed."""
    latest: dict[str, Notification] = {}
    for each in said:
        if each.id not in latest or each.place > latest[each.id].place:
            latest[each.id] = each
    rows = columns_of(latest.values(), Notification)
    return {row["id"] for row in await tx.fetch(queries.settle_notifications, *rows)} if latest else set()


async def bounce(tx: Tx, came: Mapping[str, tuple[datetime, str, str]]) -> None:
    """Stores when these notifications came back, what was said of why, and the code: the latest time counts."""
    if came:
        await tx.execute(queries.bounce, *columns((id_, *said) for id_, said in came.items()))


async def complain(tx: Tx, said: Mapping[str, datetime]) -> None:
    """Stores when customers called these notifications spam: the first time counts."""
    if said:
        await tx.execute(queries.complain, *columns(said.items()))


@dataclass(frozen=True, slots=True)
class Use:
    """What a customer did with one notification: the first moment of each, and of their answers the latest. In the order of `engage`."""

    id: str
    unsubscribed: datetime | None = None
    received: datetime | None = None
    opened: datetime | None = None
    clicked: datetime | None = None
    helped: str | None = None  # yes, no
    helped_at: datetime | None = None


async def engage(tx: Tx, uses: Collection[Use]) -> None:
    """Stores what customers did with notifications, one value for each."""
    if uses:
        await tx.execute(queries.engage, *columns_of(uses, Use))
