"""What came back of messages, what the sender's brake found in it, and whom it keeps from being told."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg

from services.notifier.delivery import DeliveryStatus
from services.notifier.notification import Attempt, Notification
from services.notifier.returning.brake import Cause, Counts, Judged, Paused, SenderBrake
from services.notifier.store import incidents, outcomes
from services.notifier.store.ledger import notification_in
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

WATCH = "watch_channels"  # the due row of the sender's brake
READ = "read_bounces"  # the due row of the mailbox where bounces arrive


async def lock(tx: Tx, notification_id: str) -> tuple[Notification, str | None, datetime] | None:
    """Returns the notification, its channel and the time, with the incidents of its message locked before it.

    None when there is none, or it is erased.
    """
    about = await tx.fetch(queries.incidents_of, notification_id)
    await incidents.lock_incidents(tx, {row["incident_id"] for row in about})
    row = await tx.fetchrow(queries.returned_notification, notification_id)
    return (notification_in(row), row["channel"], row["now"]) if row else None


async def told_with(tx: Tx, notification_id: str) -> list[Notification]:
    """Returns what else was told in its message, locked; `lock` has locked their incidents."""
    return [notification_in(row) for row in await tx.fetch(queries.told_with, notification_id)]


async def ways(tx: Tx, notification_id: str, channel: str) -> dict[str, DeliveryStatus]:
    """Returns to which addresses it was brought, or tried to be; none for what was sent by a version before deliveries."""
    rows = await tx.fetch(queries.ways, notification_id, channel)
    return {row["address"]: DeliveryStatus(row["status"]) for row in rows}


async def came_back(tx: Tx, notification_id: str, channel: str, address: str | None, attempt: Attempt) -> None:
    """Settles a delivered notification anew, as failed, and its delivery to that address."""
    await tx.execute(queries.way_failed, notification_id, channel, address)
    said = {"at": attempt.at.isoformat(), "outcome": attempt.outcome, "reason": attempt.reason, "detail": attempt.detail}
    await tx.execute(queries.came_back, notification_id, attempt.reason, [said])


async def counts(tx: Tx, channel: str, brake: SenderBrake) -> Counts:
    """Returns what the channel sent and what came back. Above what the brake needs to know, sends are not counted on."""
    since = await tx.fetchval(queries.counted_from, channel, brake.over)
    back = await tx.fetchrow(queries.came_back_since, channel, since)
    assert back is not None  # noqa: S101  an aggregate has one row
    if not back["returned"] and not back["complained"]:  # nothing is to be judged, so the counts of minutes are exact enough
        return Counts(await tx.fetchval(outcomes.queries.taken_since, channel, since), 0, 0)
    delivered = await tx.fetchval(queries.delivered_since, channel, since, brake.enough(back["bounced"], back["complained"]))
    return Counts(delivered + back["returned"], back["bounced"], back["complained"])


async def judge(tx: Tx, channel: str, found: Judged, counted: Counts) -> bool:
    """Stores what the brake found; returns whether it pauses the channel, which it did not before."""
    figures = (counted.sent, counted.bounced, counted.complained)
    return bool(await tx.fetchval(queries.judge, channel, found.level, found.cause, *figures))


async def paused(tx: Tx) -> tuple[Paused, ...]:
    """Returns the channels that pause."""
    rows = await tx.fetch(queries.paused)
    return tuple(Paused(row["channel"], row["paused_at"], Cause(row["cause"]), counts_in(row)) for row in rows)


async def pause(tx: Tx, channel: str, person: str, reason: str) -> bool:
    """Has the channel bring only what cannot wait, since a person says so; returns whether it did more before."""
    return bool(await tx.fetchval(queries.pause, channel, person, reason))


async def resume(tx: Tx, channel: str, person: str) -> asyncpg.Record | None:
    """Lets the channel go on; returns what it had paused for, None when it had not."""
    row: asyncpg.Record | None = await tx.fetchrow(queries.resume, channel, person)
    return row


async def brakes(tx: Tx) -> Sequence[asyncpg.Record]:
    rows: list[asyncpg.Record] = await tx.fetch(queries.brakes)
    return rows


def counts_in(row: asyncpg.Record) -> Counts:
    return Counts(row["sent"], row["bounced"], row["complained"])


EVERY = timedelta(minutes=1)  # between two looks of the brake
