"""The notifier of flow tests: its real streams, timers and mail on a fake Kafka, an embedded Postgres and a mail server; time by hand."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from services.notifier.__main__ import service as notifier
from services.notifier.lanes import DELIVERY, LANES
from services.notifier.settings import NotifierSettings
from services.notifier.store.incidents import FOLLOW_UP
from services.notifier.store.returned import WATCH
from services.notifier.timers import Delivery
from shared.cloudevents import read_fact
from shared.events import (
    FACT_OF,
    Affected,
    Fact,
    IncidentDismissed,
    IncidentImpact,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentUpdated,
    IncidentWithdrawn,
    TicketLinked,
    TicketReplied,
    TicketResolved,
    Topic,
)
from shared.service import Service
from shared.settings import Settings
from shared.timers import Timers
from tests.builders import customer
from tests.fakes import Clock, FakeLoop, FakeTopics, do_due
from tests.smtp import PostOffice, post_office

CONFIG = Path(__file__).parents[2] / "deploy" / "config"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Stage:
    """A notifier with everything around it: topics, clock and mail server."""

    service: Service
    topics: FakeTopics
    clock: Clock
    loop: FakeLoop
    office: PostOffice

    @property
    def now(self) -> datetime:
        return self.clock.now

    def client(self, token: str | None = None) -> httpx2.AsyncClient:
        """Returns a client of notifier's API that gives this token, if any."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(self.service.app()), base_url="http://notifier", headers=headers)

    async def hear(self, *facts: Fact) -> None:
        """Publishes the facts, and does everything that follows at once."""
        self.topics.say(*facts)
        await self.loop.settle()

    async def consume(self, *facts: Fact) -> None:
        """Publishes the facts, which are written down; what is due stays due."""
        self.topics.say(*facts)
        for consumer in self.loop.consumers:
            await consumer.drain()

    async def deliver(self) -> None:
        """Does what is due now, all of it side by side."""
        await asyncio.gather(*(do_due(self.service.database, lane, self.service.due[lane]) for lane in LANES))

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Delivers as the running service does, many at once, while the context lasts; what was begun by then is done."""
        timers = Timers(self.service.database, {lane: self.service.due[lane] for lane in LANES})
        working = asyncio.create_task(timers.run())
        try:
            yield
        finally:
            await timers.stop(within=10)
            working.cancel()
            await asyncio.wait({working})

    async def follow_up(self) -> int:
        """Does one piece of what follows from facts about incidents; returns how many were due."""
        return await do_due(self.service.database, FOLLOW_UP, replace(self.service.due[FOLLOW_UP], at_once=1))

    async def know(self, *customer_ids: str, **data: Any) -> None:
        """Publishes customers for the directory."""
        await self.hear(*(customer(customer_id, at=self.now, **data) for customer_id in customer_ids))

    async def goes_on(self, until: datetime, incident_id: str = "i-1", revision: int = 1, every: timedelta = 5 * MINUTE) -> None:
        """Lets the incident go on: monitor says so every five minutes."""
        while self.now < until:
            await self.hear(updated(self.now, incident_id, revision=revision))
            await self.loop.advance(min(every, until - self.now))
            revision += 1

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        async with self.service.database.connection() as connection:
            return [dict(row) for row in await connection.fetch(query, *values)]

    async def ledger(self, customer_id: str = "c-1") -> list[tuple[str, str, str | None]]:
        """Returns what became of each of a customer's notifications: kind, status, reason."""
        rows = await self.rows("SELECT * FROM notifications WHERE customer_id = $1 ORDER BY created_at, kind, incident_id", customer_id)
        return [(row["kind"], row["status"], row["reason"]) for row in rows]

    async def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Returns all that is remembered."""
        known = ("customers", "preferences", "bad_addresses", "incidents", "notifications", "deliveries", "ticket_links")
        tables = (*known, "notices", "erasures", "due")
        return {table: sorted(await self.rows(f"SELECT * FROM {table}"), key=str) for table in tables}  # noqa: S608

    def said(self) -> list[Fact]:
        """Returns what the others were told, partition by partition."""
        records = self.topics.records(Topic.NOTIFICATIONS)
        facts = [read_fact(record.value, record.headers, self.now, FACT_OF) for record in records]
        return [fact for fact in facts if fact is not None]


@asynccontextmanager
async def stage(settings: Settings, *, smtputf8: bool = True, watched: bool = False, **own: Any) -> AsyncIterator[Stage]:
    """Yields a notifier that has started. Its clock stands still until it is moved.

    `watched`: what comes back of its channel is judged every minute; else a day is not a thousand and more stops of the clock.
    """
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
        if not watched:
            service.due = {kind: work for kind, work in service.due.items() if kind != WATCH}
        await service.database.open()
        topics = FakeTopics()
        loop = FakeLoop(topics, clock, service)
        await loop.start()
        try:
            yield Stage(service, topics, clock, loop, office)
        finally:
            await service.database.close()


def delivery_of(service: Service) -> Delivery:
    """Returns what does the due rows of notifications."""
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


def updated(at: datetime, incident_id: str = "i-1", *, revision: int, silent_since: datetime | None = None, **data: Any) -> IncidentUpdated:
    """Returns the fact that it goes on; unless told otherwise its last window was failing just now."""
    known = about(at, incident_id, **{"failing_at": at, **data})
    said = IncidentUpdated.Data(**known, revision=revision, silent_since=silent_since, affected=1, why={})
    return IncidentUpdated.of(said, subject=incident_id, at=at, unique=revision)


def still_failing(at: datetime, incident_id: str = "i-1") -> IncidentUpdated:
    """Returns what monitor says every few minutes while it goes on."""
    return updated(at, incident_id, revision=int(at.timestamp()))


def resolved(at: datetime, incident_id: str = "i-1", **data: Any) -> IncidentResolved:
    said = IncidentResolved.Data(**about(at, incident_id, **data), resolved_at=at, affected=1, why={})
    return IncidentResolved.of(said, subject=incident_id, at=at, unique=at)


def withdrawn(at: datetime, incident_id: str = "i-1", *, revision: int = 1, **data: Any) -> IncidentWithdrawn:
    known = about(at, incident_id, revision=revision, **data)
    said = IncidentWithdrawn.Data(**known, withdrawn_at=at, affected=1, reason="rule_gone")
    return IncidentWithdrawn.of(said, subject=incident_id, at=at, unique=at)


def dismissed(at: datetime, incident_id: str = "i-1", *, revision: int = 1, **data: Any) -> IncidentDismissed:
    said = IncidentDismissed.Data(**about(at, incident_id, revision=revision, **data), dismissed_at=at, affected=1, by="bob")
    return IncidentDismissed.of(said, subject=incident_id, at=at, unique=at)


def reopened(at: datetime, incident_id: str = "i-1", *, revision: int = 2, **data: Any) -> IncidentReopened:
    said = IncidentReopened.Data(**about(at, incident_id, revision=revision, **data), reopened_at=at, why={})
    return IncidentReopened.of(said, subject=incident_id, at=at, unique=at)


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


def linked(at: datetime, *, customer_id: str = "c-1", incident_id: str = "i-1", ticket_id: str = "t-1", number: int = 1042) -> TicketLinked:
    """Returns the fact that the ticket is about the incident; whether its customer is told so is said by another fact."""
    data = TicketLinked.Data(
        ticket_id=ticket_id, number=number, customer_id=customer_id, incident_id=incident_id, reasons=("same customer",)
    )
    return TicketLinked.of(data, subject=ticket_id, at=at, unique=incident_id)


def ended_with(
    at: datetime, end: IncidentResolved | None, *, customer_id: str = "c-1", ticket_id: str = "t-1", number: int = 1042, tell: bool = True
) -> TicketResolved:
    """Returns the fact that the ticket is resolved because its incident is over; None: an agent resolved it."""
    named = {"ticket_id": ticket_id, "customer_id": customer_id, "incident_id": end.data.incident_id if end else "i-1"}
    data = TicketResolved.Data(**named, number=number, resolution="It works.", tell=tell and end is not None, resolved_at=at)
    fact = TicketResolved.of(data, subject=ticket_id, at=at, unique=named["incident_id"])
    return fact.model_copy(update={"causationid": end.id, "hops": end.hops + 1}) if end else fact


def kinds(facts: Sequence[Fact]) -> list[str]:
    """Returns which fact each is: delivered, failed, suppressed, engaged."""
    return [fact.type.split(".")[2] for fact in facts]
