"""Tickets and what they are matched with, in Postgres: gathered as values, changed set-wise."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from pathlib import Path

import asyncpg

from services.ticketing import metrics
from services.ticketing.change import Change, Link, Request
from services.ticketing.matching import Evidence, Incident, Windows
from services.ticketing.outcome import Contact
from services.ticketing.sla import Clock
from services.ticketing.ticket import Status, Ticket
from shared.events import Affected, Fact
from shared.events import Incident as IncidentData
from shared.outbox import say
from shared.postgres import Queries, Tx
from shared.timers import schedule

queries = Queries(Path(__file__).with_name("queries.sql"))

WARN = "warn_first_response"
BREACH = "breach_first_response"
MEASURE = "measure_outcome"


OF_TICKET = (
    "id",
    "number",
    "customer_id",
    "channel",
    "subject",
    "component",
    "priority",
    "assignee",
    "incident_id",
    "opened_at",
    "resolved_at",
)
OF_CLOCK = ("started_at", "warn_at", "due_at", "warned_at", "breached_at", "stopped_at", "answered_by")
OF_MESSAGE = ("id", "ticket_id", "at", "side", "author", "kind", "subject", "body", "incident_id")
OF_LINK = ("ticket_id", "incident_id", "reasons", "linked_at", "answered_at", "unlinked_at", "unlinked_by", "verdict")

_ticket_row = attrgetter(*OF_TICKET, "status")
_clock_row = attrgetter("id", *(f"first_response.{name}" for name in OF_CLOCK))
_message_row = attrgetter(*OF_MESSAGE)
_link_row = attrgetter(*OF_LINK)
_history_row = attrgetter("ticket.id", "at", "who", "what", "detail")


# ── gather ───────────────────────────────────────────────────────────────────────────────────


async def beside_requests(tx: Tx) -> datetime:
    """Waits until no incident is being matched, keeps it so until `tx` ends, and returns the time."""
    await tx.execute(queries.share)
    return await now(tx)


async def alone(tx: Tx) -> datetime:
    """Waits until nothing else is being matched, keeps it so until `tx` ends, and returns the time."""
    await tx.execute(queries.alone)
    return await now(tx)


async def now(tx: Tx) -> datetime:
    at: datetime = await tx.fetchval(queries.now)
    return at


async def unknown(tx: Tx, requests: Iterable[Request]) -> list[Request]:
    """Those that have not been taken yet, each once, in order."""
    once: dict[str, Request] = {}
    for request in requests:
        once.setdefault(request.message_id, request)
    taken = {row["id"] for row in await tx.fetch(queries.known_messages, list(once))}
    return [request for request in once.values() if request.message_id not in taken]


async def numbers(tx: Tx, count: int) -> list[int]:
    return [row["number"] for row in await tx.fetch(queries.next_numbers, count)] if count else []


async def continued(tx: Tx, requests: Sequence[Request]) -> dict[tuple[str, str], Ticket]:
    """The tickets that requests continue: (customer, what they called it) → ticket."""
    asked = {(request.customer_id, request.in_reply_to) for request in requests if request.in_reply_to}
    if not asked:
        return {}
    customers, refs = zip(*sorted(asked), strict=True)
    return {(row["customer_id"], row["ref"]): _ticket(row) for row in await tx.fetch(queries.continued, customers, refs)}


async def evidence_of(tx: Tx, customers: Iterable[str], since: datetime) -> Mapping[str, Sequence[tuple[Incident, Evidence]]]:
    """For each customer, the incidents they are in that go on or ended after `since`."""
    found = defaultdict(list)
    for row in await tx.fetch(queries.evidence_of, list(customers), since):
        found[row["customer_id"]].append((_incident(row), _evidence(row)))
    return found


async def unlinked_of_affected(tx: Tx, incident_id: str, customers: list[str] | None, since: datetime) -> list[tuple[Ticket, Evidence]]:
    rows = await tx.fetch(queries.unlinked_of_affected, incident_id, customers, since)
    return [(_ticket(row), _evidence(row)) for row in rows]


async def unresolved_of(tx: Tx, incident_id: str) -> list[tuple[Ticket, bool]]:
    """The tickets an incident's end will end, and whether each was told of it."""
    return [(_ticket(row), row["answered_at"] is not None) for row in await tx.fetch(queries.unresolved_of_incident, incident_id)]


async def silent(tx: Tx, since: datetime, at_most: int) -> list[Ticket]:
    """Tickets that wait for a customer who has not answered since then."""
    return [_ticket(row) for row in await tx.fetch(queries.silent, since, at_most)]


async def settled(tx: Tx, since: datetime, at_most: int) -> list[Ticket]:
    """Tickets resolved before then."""
    return [_ticket(row) for row in await tx.fetch(queries.settled, since, at_most)]


async def ticket(tx: Tx, ref: str) -> Ticket | None:
    """A ticket by id or number; nobody else changes it until `tx` ends."""
    row = await tx.fetchrow(queries.ticket, ref, number_of(ref))
    return _ticket(row) if row else None


def number_of(ref: str) -> int | None:
    """The number somebody means, if it can be one."""
    return int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 19 else None


async def contacts(tx: Tx, incident: Incident, windows: Windows) -> tuple[list[Contact], int, int]:
    """Of each affected customer when they were told and when they wrote in; how many tickets they opened meanwhile, how many are linked."""
    told = [(row["told_at"], row["contacted_at"]) for row in await tx.fetch(queries.outcome, incident.id)]
    until = incident.resolved_at + windows.after if incident.resolved_at else await now(tx)
    [row] = await tx.fetch(queries.tickets_during, incident.id, incident.started_at - windows.before, until)
    return told, row["tickets"], row["linked"]


async def link_of(tx: Tx, ticket: Ticket) -> Link | None:
    """The link a ticket has now."""
    row = await tx.fetchrow(queries.link, ticket.id, ticket.incident_id)
    return Link(**row) if row else None


async def made_by(tx: Tx, message_id: str) -> str | None:
    """The id of the ticket a request became or continued; None when it was not taken yet."""
    ticket_id: str | None = await tx.fetchval(queries.made_by, message_id)
    return ticket_id


async def incident(tx: Tx, incident_id: str) -> Incident | None:
    row = await tx.fetchrow(queries.incident, incident_id)
    return _incident(row) if row else None


def _ticket(row: asyncpg.Record) -> Ticket:
    clock = Clock(*(row[name] for name in OF_CLOCK))
    return Ticket(**{name: row[name] for name in OF_TICKET}, status=Status(row["status"]), first_response=clock)


def _incident(row: asyncpg.Record) -> Incident:
    return Incident(row["id"], row["component"], row["title"], row["started_at"], row["resolved_at"])


def _evidence(row: asyncpg.Record) -> Evidence:
    return Evidence(row["certainty"], row["first_seen_at"], row["last_seen_at"], row["count"])


# ── apply ────────────────────────────────────────────────────────────────────────────────────


async def apply(tx: Tx, changes: Sequence[Change]) -> None:
    """Writes down what changed, and tells the others, in the order it happened."""
    if not changes:
        return
    tickets = list({change.ticket.id: change.ticket for change in changes}.values())
    await tx.execute(queries.save_tickets, *_columns(map(_ticket_row, tickets)), changes[-1].at)
    await tx.execute(queries.save_clocks, *_columns(map(_clock_row, tickets)))
    if messages := [_message_row(change.message) for change in changes if change.message]:
        await tx.execute(queries.save_messages, *_columns(messages))
    if links := [_link_row(change.link) for change in changes if change.link]:
        await tx.executemany(queries.save_link, links)
    await tx.execute(queries.remember, *_columns(map(_history_row, changes)))
    await say(tx, *(fact for change in changes for fact in change.facts))
    await _wind(tx, {change.ticket.id for change in changes if change.clock_starts}, tickets)
    metrics.count(changes)


async def _wind(tx: Tx, started: set[str], tickets: Sequence[Ticket]) -> None:
    """Makes the clocks that were started, and still run, due."""
    running = [
        each for each in tickets if each.id in started and not each.first_response.stopped_at and not each.first_response.breached_at
    ]
    await schedule(tx, WARN, {each.id: each.first_response.warn_at for each in running if not each.first_response.warned_at})
    await schedule(tx, BREACH, {each.id: each.first_response.due_at for each in running})


def _columns(rows: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return list(zip(*rows, strict=True))


async def unheard(tx: Tx, facts: Sequence[Fact], at: datetime) -> list[Fact]:
    """Those that have not had their effect yet, each once, in order."""
    once: dict[str, Fact] = {}
    for fact in facts:
        once.setdefault(fact.id, fact)
    new = {row["fact_id"] for row in await tx.fetch(queries.unheard, list(once), at)}
    return [fact for fact in once.values() if fact.id in new]


async def save_incident(tx: Tx, data: IncidentData, resolved_at: datetime | None) -> Incident:
    values = (data.incident_id, data.rule, data.component, data.severity, data.title, data.started_at)
    [row] = await tx.fetch(queries.save_incident, *values, resolved_at)
    return _incident(row)


async def save_impact(tx: Tx, incident_id: str, customers: Iterable[Affected]) -> list[str]:
    """Returns the customers, each once."""
    merged = {each.customer_id: each for each in customers}
    rows = [(each.customer_id, each.certainty, each.first_seen_at, each.last_seen_at, each.count) for each in merged.values()]
    if rows:
        await tx.execute(queries.save_impact, incident_id, *_columns(rows))
    return list(merged)


async def save_told(tx: Tx, told: Iterable[tuple[str, str, datetime]]) -> None:
    """(incident, customer, when): only the first time counts."""
    first: dict[tuple[str, str], datetime] = {}
    for incident_id, customer_id, at in told:
        first[incident_id, customer_id] = min(at, first.get((incident_id, customer_id), at))
    if first:
        await tx.execute(queries.save_told, *_columns((*pair, at) for pair, at in first.items()))
