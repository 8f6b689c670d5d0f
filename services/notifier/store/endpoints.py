"""The queries of endpoints: who has which, how each is, and what it has missed."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from services.notifier.audience import Contact
from services.notifier.channels.webhook.endpoint import Disabled, Endpoint, disabled_by
from services.notifier.notification import Draft, Kind
from services.notifier.store import ledger
from shared.events import identity
from shared.postgres import Queries, Tx
from shared.timers import schedule

queries = Queries(Path(__file__).with_suffix(".sql"))

CHANNEL = "webhook"
REPLAY = "webhook_replay"  # due rows of messages that are sent again
AT_MOST = 10_000  # messages of one replay

_FIELDS = [field.name for field in fields(Endpoint)]


@dataclass(frozen=True, slots=True)
class Addressed:
    """An endpoint that a message is for, and what the message is about."""

    endpoint: Endpoint
    incident: dict[str, Any] | None
    now: datetime


async def endpoints_of(tx: Tx, customer_ids: Sequence[str]) -> dict[str, tuple[Contact, ...]]:
    """Returns the customers' endpoints that may be called, as contacts; customers without any are left out."""
    found = defaultdict(list)
    for row in await tx.fetch(queries.endpoints_of, list(customer_ids)):
        found[row["customer_id"]].append(Contact(CHANNEL, row["url"]))
    return {customer_id: tuple(contacts) for customer_id, contacts in found.items()}


async def of_message(tx: Tx, notification_id: str, url: str) -> Addressed | None:
    """Returns the endpoint that a message is for; None when it is registered no more."""
    row = await tx.fetchrow(queries.of_message, notification_id, url)
    return Addressed(endpoint_in(row), row["incident"], row["now"]) if row else None


async def not_taken(tx: Tx, endpoint_id: str, status: int | None, detail: str) -> Disabled | None:
    """Notes that a call was not taken; returns why the endpoint is disabled now, which its customer is told in another way."""
    row = await tx.fetchrow(queries.endpoint_held, endpoint_id)
    if row is None:
        return None
    endpoint, now = endpoint_in(row), row["now"]
    await tx.execute(queries.not_taken, endpoint_id, detail)
    why = disabled_by(endpoint, status, now) if endpoint.disabled_at is None else None
    if why is not None:
        await tx.execute(queries.disable, endpoint_id, why)
        await ledger.write_down(tx, [_notice(endpoint, why, now)])
    return why


def _notice(endpoint: Endpoint, why: Disabled, now: datetime) -> Draft:
    """Returns what its customer is told. Of the URL only the host is said: its path may be a secret."""
    id_ = identity(endpoint.id, "disabled", now.isoformat())
    about = {"endpoint": why.value, "host": urlsplit(endpoint.url).hostname or ""}
    return Draft(id_, endpoint.customer_id, Kind.NOTICE, now, None, 0, evidence=about)


async def replay(tx: Tx, endpoint_id: str, since: datetime) -> int:
    """Has what the endpoint has missed since a moment sent again; returns how many messages that are."""
    rows = await tx.fetch(queries.missed_since, endpoint_id, since, AT_MOST)
    now = await tx.fetchval("SELECT clock()")
    await schedule(tx, REPLAY, {json.dumps([endpoint_id, row["notification_id"]]): now for row in rows})
    return len(rows)


async def delete(tx: Tx, endpoint_id: str) -> bool:
    """Deletes an endpoint with what it has missed; says whether there was one."""
    await tx.execute(queries.delete_missed, endpoint_id)
    return (await tx.execute(queries.delete_endpoint, endpoint_id)).endswith(" 1")


def endpoint_in(row: asyncpg.Record) -> Endpoint:
    return Endpoint(**{name: row[name] for name in _FIELDS})
