"""The notifier of flow tests: its real streams, timers and mail on a fake Kafka, an embedded Postgres and a mail server; time by hand."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services.notifier.__main__ import service as notifier
from services.notifier.settings import NotifierSettings
from services.notifier.store import DELIVERY, LANES
from services.notifier.timers import Delivery
from shared.cloudevents import read_fact
from shared.events import (
    FACT_OF,
    Affected,
    Fact,
    IncidentImpact,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentUpdated,
    TicketReplied,
    Topic,
)
from shared.service import Service
from shared.settings import Settings
from tests.builders import customer
from tests.fakes import Clock, FakeLoop, FakeTopics, do_due
from tests.smtp import PostOffice, post_office

CONFIG = Path(__file__).parents[2] / "deploy" / "config"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Stage:
    """What a story is told on."""

    service: Service
    topics: FakeTopics
    clock: Clock
    loop: FakeLoop
    office: PostOffice

    @property
    def now(self) -> datetime:
        return self.clock.now

    async def hear(self, *facts: Fact) -> None:
        """The facts come, and everything follows that follows at once."""
        self.topics.say(*facts)
        await self.loop.settle()

    async def consume(self, *facts: Fact) -> None:
        """The facts come and are written down; what is due stays due."""
        self.topics.say(*facts)
        for consumer in self.loop._consumers:
            await consumer.drain()

    async def deliver(self) -> None:
        """What is due now is done, all of it side by side."""
        await asyncio.gather(*(do_due(self.service.database, lane, self.service.due[lane]) for lane in LANES))

    async def know(self, *customer_ids: str, **data: Any) -> None:
        """The directory learns of customers."""
        await self.hear(*(customer(customer_id, at=self.now, **data) for customer_id in customer_ids))

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        async with self.service.database.connection() as connection:
            return [dict(row) for row in await connection.fetch(query, *values)]

    async def ledger(self, customer_id: str = "c-1") -> list[tuple[str, str, str | None]]:
        """What became of each of a customer's notifications: kind, status, reason."""
        rows = await self.rows("SELECT * FROM notifications WHERE customer_id = $1 ORDER BY created_at, kind, incident_id", customer_id)
        return [(row["kind"], row["status"], row["reason"]) for row in rows]

    async def everything(self) -> dict[str, list[dict[str, Any]]]:
        """All that is remembered."""
        tables = ("customers", "preferences", "bad_addresses", "incidents", "notifications", "due")
        return {table: sorted(await self.rows(f"SELECT * FROM {table}"), key=str) for table in tables}  # noqa: S608

    def said(self) -> list[Fact]:
        """What the others were told, partition by partition."""
        records = self.topics.records(Topic.NOTIFICATIONS)
        facts = [read_fact(record.value, record.headers, self.now, FACT_OF) for record in records]
        return [fact for fact in facts if fact is not None]


@asynccontextmanager
async def stage(settings: Settings, *, smtputf8: bool = True, **own: Any) -> AsyncIterator[Stage]:
    """A notifier that has started. Its clock stands still until it is moved."""
    clock = Clock(settings, ["notifier"])
    await clock.set(clock.now.replace(microsecond=0))
    async with post_office(smtputf8=smtputf8) as office:
        host, port = office.address
        given = {name: value for name, value in settings if name in Settings.model_fields}
        theirs = {
            "smtp_host": host,
            "smtp_port": port,
            "link_secret": "a secret",
            "config_dir": CONFIG,
            "mail_from": "Shop <support@example.com>",
        }
        service = notifier(NotifierSettings(**{**given, **theirs, **own}))
        await service.database.open()
        topics = FakeTopics()
        loop = FakeLoop(topics, clock, service)
        await loop.start()
        try:
            yield Stage(service, topics, clock, loop, office)
        finally:
            await service.database.close()


def delivery_of(service: Service) -> Delivery:
    """What does the due rows of notifications."""
    delivery: object = getattr(service.due[DELIVERY].handle, "__self__", None)
    assert isinstance(delivery, Delivery)
    return delivery


# ── facts ────────────────────────────────────────────────────────────────────────────────────


def about(at: datetime, incident_id: str = "i-1", **data: Any) -> dict[str, Any]:
    known = {"rule": "checkout-failing", "component": "checkout", "severity": "high", "title": "checkout is failing"}
    return {"incident_id": incident_id, "started_at": at - 15 * SECOND, **known, **data}


def opened(at: datetime, incident_id: str = "i-1", **data: Any) -> IncidentOpened:
    return IncidentOpened.of(IncidentOpened.Data(**about(at, incident_id, **data), opened_at=at, why={}), subject=incident_id, at=at)


def impact(at: datetime, *customer_ids: str, incident_id: str = "i-1", chunk: int = 0) -> IncidentImpact:
    affected = tuple(
        Affected(customer_id=each, certainty="confirmed", first_seen_at=at - SECOND, last_seen_at=at, count=3) for each in customer_ids
    )
    data = IncidentImpact.Data(incident_id=incident_id, chunk=chunk, customers=affected)
    return IncidentImpact.of(data, subject=incident_id, at=at, unique=chunk)


def still_failing(at: datetime, incident_id: str = "i-1") -> IncidentUpdated:
    """What monitor says every few minutes while it goes on."""
    known = about(at, incident_id, revision=int(at.timestamp()), failing_at=at)
    return IncidentUpdated.of(IncidentUpdated.Data(**known, affected=1, why={}), subject=incident_id, at=at, unique=at)


def resolved(at: datetime, incident_id: str = "i-1") -> IncidentResolved:
    data = IncidentResolved.Data(**about(at, incident_id), resolved_at=at, affected=1, why={})
    return IncidentResolved.of(data, subject=incident_id, at=at, unique=at)


def reopened(at: datetime, incident_id: str = "i-1") -> IncidentReopened:
    data = IncidentReopened.Data(**about(at, incident_id), reopened_at=at, revision=2, why={})
    return IncidentReopened.of(data, subject=incident_id, at=at, unique=at)


def replied(
    at: datetime,
    kind: str,
    *,
    customer_id: str = "c-1",
    incident_id: str | None = None,
    reply_id: str = "r-1",
    ticket_id: str = "t-1",
    body: str = "Words.",
) -> TicketReplied:
    said = {"reply_id": reply_id, "kind": kind, "author": "forewarn", "subject": "Re: Cannot pay", "body": body, "incident_id": incident_id}
    data = TicketReplied.Data(ticket_id=ticket_id, number=1042, customer_id=customer_id, replied_at=at, **said)
    return TicketReplied.of(data, subject=ticket_id, at=at, unique=reply_id)


def kinds(facts: Sequence[Fact]) -> list[str]:
    """Of which fact each is: delivered, failed, suppressed, engaged."""
    return [fact.type.split(".")[2] for fact in facts]
