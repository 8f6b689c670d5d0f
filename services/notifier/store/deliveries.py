"""The queries of deliveries: what is due of the ledger, what counts when it is decided, and what came of each try; all for many at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

import asyncpg

from services.notifier.audience import Contact, Preferences
from services.notifier.deciding.decision import Hold, Suppressed
from services.notifier.deciding.digest import TOGETHER
from services.notifier.deciding.planning import Again, Settled
from services.notifier.deciding.policy import Policy
from services.notifier.deciding.sending import Sending
from services.notifier.delivery import DeliveryStatus
from services.notifier.lanes import LANES
from services.notifier.notification import ENDS, Attempt, Kind, Notification, period_id
from services.notifier.situation import Situation
from services.notifier.store import directory, maintenance, returned
from services.notifier.store.incidents import incidents_of
from services.notifier.store.ledger import notification_in
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Found:
    """A notification that is due: all that counts, and what the customer got before about the same thing."""

    situation: Situation
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What a customer got before: in how many messages lately, when last, and which belong to the same thread."""

    recent: int
    last: datetime | None
    earlier: tuple[str, ...]


async def find(tx: Tx, ids: Collection[str]) -> dict[str, Found]:
    """Returns those of the notifications that wait, locked, with their customers, locked; what was told before is still to be read."""
    rows = await tx.fetch(queries.situations, sorted(ids))
    customers = await directory.customers(tx, {row["customer_id"] for row in rows})
    known_incidents = await incidents_of(tx, {row["incident_id"] for row in rows} - {None})
    held = await returned.paused(tx)
    periods = await maintenance.periods(tx, {row["period"] for row in rows if row["period"]})
    found = {}
    for row in rows:
        notification = notification_in(row)
        if row["tried"]:
            failed = _places(row["tried"], DeliveryStatus.FAILED)
            maybe = _places(row["tried"], DeliveryStatus.UNKNOWN, DeliveryStatus.SENDING)  # sending: the process that did so died
            notification = replace(notification, failed_at=failed, unknown_at=maybe)
        preferences = Preferences(row["wants_incident"], row["wants_guidance"])
        customer = customers.get(notification.customer_id)
        incident = known_incidents.get(notification.incident_id or "")
        period = periods.get(notification.period or "")
        found[notification.id] = Found(
            Situation(notification, customer, preferences, incident, 0, row["now"], row["erased"], held, period=period)
        )
    return found


def _places(tried: Iterable[Sequence[str]], *statuses: DeliveryStatus) -> frozenset[tuple[str, str]]:
    return frozenset((channel, address) for channel, address, of in tried if of in statuses)


async def told_before(tx: Tx, found: Mapping[Key, Found], policy: Policy, waits: timedelta) -> dict[Key, Told]:
    """Returns what the customers got before. `waits`: how long anything waits at most."""
    of = {each.situation.notification.id: key for key, each in found.items()}
    asked = [each.situation.notification for each in found.values()]
    columns = ([getattr(each, name) for each in asked] for name in ("id", "customer_id", "incident_id", "ticket_id"))
    per = policy.caps.per
    back = max(per, policy.digest.within) if policy.digest else per
    rows = await tx.fetch(queries.told_before, *columns, per, waits, back)
    told = {}
    for row in rows:
        notification = found[of[row["id"]]].situation.notification
        earlier = *dict.fromkeys(row["earlier"]), *_of_period(notification)
        told[of[row["id"]]] = Told(row["recent"], row[_last(notification)], earlier)
    return told


def _last(notification: Notification) -> str:
    return "last_end" if notification.kind in ENDS else "last_told"


def _of_period(notification: Notification) -> tuple[str, ...]:
    """Returns what the customer was told first of the same maintenance: what is said of it later belongs to that thread."""
    if notification.period is None or notification.kind is Kind.MAINTENANCE_PLANNED:
        return ()
    return (period_id(notification.period, Kind.MAINTENANCE_PLANNED, notification.customer_id),)


async def hasten(tx: Tx, *, customers: Sequence[str] = (), notifications: Sequence[str] = ()) -> None:
    """Has it decided at once what these customers wait for, and these notifications."""
    of_customers = await tx.fetch(queries.waiting_of_customers, customers) if customers else []
    if waiting := [*notifications, *(row["id"] for row in of_customers)]:
        await tx.execute(queries.hasten, list(LANES), waiting)


async def put_off(tx: Tx, until: datetime) -> bool:
    """Leaves what is due now alone until then. Returns True."""
    await tx.execute(queries.put_off, list(LANES), until)
    return True


async def begin_sending(tx: Tx, sends: Iterable[tuple[Sending, datetime]]) -> None:
    """Notes that tries begin; with each comes when that was decided."""
    await _all(tx, queries.begin_sending, [row for each, now in sends for row in _begun(each, now)])


def _begun(sending: Sending, now: datetime) -> Iterable[tuple[object, ...]]:
    for each in sending.all:
        with_ = None if each is sending else sending.notification.id
        yield each.notification.id, *each.contact.place, each.why, each.notification.date(now), with_


async def to_join(tx: Tx, messages: Mapping[str, str]) -> list[asyncpg.Record]:
    """Returns what customers can be told in messages that go out to them now, locked. `messages`: what these are about, by customer."""
    rows: list[asyncpg.Record] = await tx.fetch(queries.to_join, list(messages), list(TOGETHER), list(messages.values()), list(LANES))
    return rows


async def joined(tx: Tx, ids: Collection[str]) -> None:
    """Notes that these have no work of their own: they are brought with others."""
    if ids:
        await tx.execute(queries.joined, list(LANES), sorted(ids))


async def end(tx: Tx, tries: Iterable[tuple[str, Contact, DeliveryStatus]]) -> None:
    """Notes what came of the tries as deliveries: the notification, where to, and the status."""
    await _all(tx, queries.end, [(id_, contact.channel, contact.address, status) for id_, contact, status in tries])


async def hold(tx: Tx, held: Mapping[str, Hold]) -> None:
    """Notes why these wait."""
    await _all(tx, queries.hold, [(id_, each.why, each.awaits_incident) for id_, each in held.items()])


async def suppress(tx: Tx, suppressed: Mapping[str, Suppressed]) -> None:
    """Notes that these are not told, and why."""
    await _all(tx, queries.suppress, [(id_, each.reason, each.why, each.awaits_incident) for id_, each in suppressed.items()])


async def settle(tx: Tx, settled: Mapping[str, Settled]) -> None:
    """Notes that these were delivered or failed."""
    rows = [(id_, each.status, each.attempt.reason or None, each.told, _as_json(each.attempt)) for id_, each in settled.items()]
    await _all(tx, queries.settle, rows)


async def try_again(tx: Tx, again: Mapping[str, Again]) -> None:
    """Notes tries after which others follow."""
    await _all(tx, queries.try_again, [(id_, each.told, _as_json(each.attempt)) for id_, each in again.items()])


async def _all(tx: Tx, query: str, rows: Collection[Sequence[object]]) -> None:
    """Runs a query that takes a column for each value of a row. Rows are touched in one order, that of their ids, as everybody does."""
    if rows:
        await tx.execute(query, *map(list, zip(*sorted(rows, key=itemgetter(0)), strict=True)))


def _as_json(attempt: Attempt) -> dict[str, str]:
    return {"at": attempt.at.isoformat(), "outcome": attempt.outcome, "reason": attempt.reason, "detail": attempt.detail}
