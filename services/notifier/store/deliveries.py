"""The queries of deliveries: what is due of the ledger, what counts when it is decided, and what came of each attempt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services.notifier.audience import Preferences
from services.notifier.notification import Attempt, Status
from services.notifier.situation import Situation
from services.notifier.store import directory, returned
from services.notifier.store.incidents import incident_in
from services.notifier.store.ledger import LANES, notification_in
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Found:
    """A notification that is due: all that counts, and what the customer got before about the same thing."""

    situation: Situation
    earlier: tuple[str, ...]


async def find(tx: Tx, notification_id: str, per: timedelta) -> Found | None:
    """Returns the notification, locked, and its customer, locked; None when it is settled. `per`: how far back sends count."""
    row = await tx.fetchrow(queries.notification_situation, notification_id)
    if row is None or row["status"] != Status.WAITING:
        return None
    notification = notification_in(row)
    known = await directory.customer(tx, notification.customer_id, lock=True)
    before = await tx.fetchrow(
        queries.told_before, notification.customer_id, notification_id, notification.incident_id, notification.ticket_id, per
    )
    assert before is not None  # noqa: S101  an aggregate has one row
    preferences = Preferences(row["wants_incident"], row["wants_guidance"])
    held = await returned.paused(tx, "email")
    situation = Situation(notification, known, preferences, incident_in(row), before["recent"], row["now"], row["erased"], held)
    return Found(situation, tuple(before["earlier"]))


async def hasten(tx: Tx, *, customers: Sequence[str] = (), notifications: Sequence[str] = ()) -> None:
    """Has it decided at once what these customers wait for, and these notifications."""
    of_customers = await tx.fetch(queries.waiting_of_customers, customers) if customers else []
    if waiting := [*notifications, *(row["id"] for row in of_customers)]:
        await tx.execute(queries.hasten, list(LANES), waiting)


async def put_off(tx: Tx, until: datetime) -> None:
    """Leaves what is due now alone until then."""
    await tx.execute(queries.put_off, list(LANES), until)


async def begin_sending(tx: Tx, notification_id: str, channel: str, why: dict[str, Any], dated_at: datetime) -> None:
    await tx.execute(queries.begin_sending, notification_id, channel, why, dated_at)


async def settle(tx: Tx, notification_id: str, status: Status, attempt: Attempt, *, told: bool) -> None:
    """Notes that it was delivered or failed. `told`: whether the customer has it, or may have it."""
    reason = attempt.reason or None
    await tx.execute(queries.settle, notification_id, status, reason, told, [_as_json(attempt)])


async def try_again(tx: Tx, notification_id: str, attempt: Attempt, *, told: bool) -> None:
    await tx.execute(queries.try_again, notification_id, told, [_as_json(attempt)])


def _as_json(attempt: Attempt) -> dict[str, str]:
    return {"at": attempt.at.isoformat(), "outcome": attempt.outcome, "reason": attempt.reason, "detail": attempt.detail}
