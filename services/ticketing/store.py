"""Tickets and what they are matched with, in Postgres: gathered as values, changed set-wise."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from pathlib import Path

import asyncpg

from services.ticketing import metrics
from services.ticketing.change import Change, Link, Request, What
from services.ticketing.facts import Cause
from services.ticketing.incident import End, Ending, Evidence, Incident, IncidentSaid
from services.ticketing.matching.match import Candidates, Windows
from services.ticketing.outcome import Contacts
from services.ticketing.sla import Clock
from services.ticketing.ticket import Status, Ticket
from shared.events import Affected, IncidentImpact
from shared.outbox import say
from shared.postgres import Queries, Tx
from shared.timers import schedule

queries = Queries(Path(__file__).with_name("queries.sql"))

WARN = "warn_first_response"
BREACH = "breach_first_response"
MEASURE = "measure_outcome"
LOOK = "look_again"  # at tickets with these numbers, `1001-1007`: what they are matched with may have changed when they were committed
MATCH = "match_impact"  # a piece of impact with the tickets of its customers
END = "end_incident"  # for all tickets linked to it

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
OF_LINK = ("ticket_id", "incident_id", "reasons", "linked_at", "answered_at", "unlinked_at", "unlinked_by", "verdict", "ended_revision")
OF_SUGGESTION = ("ticket_id", "incident_id", "score", "reasons", "suggested_at")

_ticket_row = attrgetter(*OF_TICKET, "status")
_clock_row = attrgetter("id", *(f"first_response.{name}" for name in OF_CLOCK))
_message_row = attrgetter(*OF_MESSAGE)
_link_row = attrgetter(*OF_LINK)
_suggestion_row = attrgetter(*OF_SUGGESTION)
_history_row = attrgetter("ticket.id", "at", "who", "what", "detail")


# ── gather ───────────────────────────────────────────────────────────────────────────────────


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


async def candidates(tx: Tx, customers: Mapping[str, str], since: datetime) -> Mapping[str, Candidates]:
    """For each ticket, given with its customer, the incidents that it may be about and that nobody has linked or suggested yet.

    They go on, or ended after `since`.
    """
    found = defaultdict(list)
    if customers:
        for row in await tx.fetch(queries.candidates, list(customers), list(customers.values()), since):
            found[row["ticket_id"]].append((_incident(row), _evidence(row)))
    return found


async def unlinked_between(tx: Tx, first: int, last: int) -> list[tuple[Ticket, str]]:
    """Unresolved tickets about no incident, locked, and the words of the request that made each."""
    return [(_ticket(row), row["body"] or "") for row in await tx.fetch(queries.unlinked_between, first, last)]


async def unlinked_of(tx: Tx, customers: Sequence[str], since: datetime) -> list[tuple[Ticket, str]]:
    """The same, of these customers and written since then."""
    return [(_ticket(row), row["body"] or "") for row in await tx.fetch(queries.unlinked_of, customers, since)]


async def ended_unnoticed(tx: Tx, first: int, last: int) -> list[str]:
    """Incidents that ended while tickets with these numbers were linked to them: their end has missed those."""
    return [row["id"] for row in await tx.fetch(queries.ended_unnoticed, first, last)]


async def linked_to_ended(tx: Tx, incident: Incident, end: End, at_most: int) -> list[tuple[Ticket, Link]]:
    """Tickets, locked, that have not been through this end of their incident."""
    rows = await tx.fetch(queries.linked_to_ended, incident.id, end.revision, at_most)
    return [
        (_ticket(row), Link(row["id"], incident.id, row["reasons"], row["linked_at"], row["answered_at"], ended_revision=end.revision))
        for row in rows
    ]


async def more_to_end(tx: Tx, incident: Incident, end: End) -> bool:
    left: bool = await tx.fetchval(queries.more_to_end, incident.id, end.revision)
    return left


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


async def contacts(tx: Tx, incident_id: str) -> Contacts:
    """Who was told of an incident, and when they wrote in about it, counted."""
    [row] = await tx.fetch(queries.outcome, incident_id)
    return Contacts(*row)


async def leads(tx: Tx, incident_id: str) -> list[float]:
    """From told to first contact in seconds, of each customer who wrote after they were told."""
    return [row["lead"] for row in await tx.fetch(queries.leads, incident_id)]


async def tickets_during(tx: Tx, incident: Incident, windows: Windows) -> tuple[int, int]:
    """How many tickets affected customers opened during an incident, about it or not; how many are linked to it now."""
    until = incident.end.at + windows.after if incident.end else await now(tx)
    opened = await tx.fetchval(queries.tickets_during, incident.id, incident.started_at - windows.before, until)
    return opened, await tx.fetchval(queries.tickets_linked, incident.id)


async def link_of(tx: Tx, ticket: Ticket) -> Link | None:
    """The link a ticket has now."""
    row = await tx.fetchrow(queries.link, ticket.id, ticket.incident_id)
    return Link(**row) if row else None


async def made_by(tx: Tx, message_id: str) -> str | None:
    """The id of the ticket a request became or continued; None when it was not taken yet."""
    ticket_id: str | None = await tx.fetchval(queries.made_by, message_id)
    return ticket_id


async def suggestion(tx: Tx, ticket: Ticket, incident_id: str) -> tuple[str, ...]:
    """Why an incident was suggested to a ticket; nothing when it was not."""
    return tuple(await tx.fetchval(queries.suggestion, ticket.id, incident_id) or ())


async def incident(tx: Tx, incident_id: str) -> Incident | None:
    row = await tx.fetchrow(queries.incident, incident_id)
    return _incident(row) if row else None


async def incident_held(tx: Tx, incident_id: str) -> tuple[Incident, Cause] | None:
    """An incident that no fact changes until `tx` ends, and the fact that made it so."""
    row = await tx.fetchrow(queries.incident_held, incident_id)
    return (_incident(row), Cause(row["said_by"] or row["id"], row["hops"])) if row else None


@dataclass(frozen=True, slots=True)
class Piece:
    """Customers of an incident whose tickets are still to be matched."""

    incident_id: str
    customers: Sequence[str]
    cause: Cause


async def impact_to_match(tx: Tx, piece_id: str) -> Piece | None:
    row = await tx.fetchrow(queries.impact_to_match, piece_id)
    return Piece(row["incident_id"], row["customers"], Cause(row["id"], row["hops"])) if row else None


def _ticket(row: asyncpg.Record) -> Ticket:
    clock = Clock(*(row[name] for name in OF_CLOCK))
    return Ticket(**{name: row[name] for name in OF_TICKET}, status=Status(row["status"]), first_response=clock)


def _incident(row: asyncpg.Record) -> Incident:
    end = None
    if row["resolved_at"] is not None:
        end = End(Ending(row["ended_as"]), row["resolved_at"], row["ended_revision"], row["tell"])
    return Incident(row["id"], row["component"], row["title"], row["started_at"], end, row["revision"])


def _evidence(row: asyncpg.Record) -> Evidence:
    return Evidence(row["certainty"], row["first_seen_at"], row["last_seen_at"], row["count"])


# ── apply ────────────────────────────────────────────────────────────────────────────────────


async def apply(tx: Tx, changes: Sequence[Change]) -> None:
    """Writes down what changed, and tells the others, in the order it happened."""
    if not changes:
        return
    tickets = list({change.ticket.id: change.ticket for change in changes if change.what is not What.SUGGESTED}.values())
    if tickets:
        await tx.execute(queries.save_tickets, *_columns(map(_ticket_row, tickets)), changes[-1].at)
        await tx.execute(queries.save_clocks, *_columns(map(_clock_row, tickets)))
    if messages := [_message_row(change.message) for change in changes if change.message]:
        await tx.execute(queries.save_messages, *_columns(messages))
    if links := [_link_row(change.link) for change in changes if change.link]:
        await tx.executemany(queries.save_link, links)
        await tx.executemany(queries.drop_suggestion, [link[:2] for link in links])
    if suggestions := [_suggestion_row(each) for change in changes for each in change.suggestions]:
        await tx.executemany(queries.save_suggestion, suggestions)
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


async def look_again(tx: Tx, tickets: Iterable[Ticket], at: datetime) -> None:
    """Has these tickets looked at when `tx` is committed, for what others committed meanwhile and `tx` could not see."""
    numbers = [ticket.number for ticket in tickets]
    if numbers:
        await schedule(tx, LOOK, {f"{min(numbers)}-{max(numbers)}": at})


async def save_incident(tx: Tx, incident: Incident, fact: IncidentSaid) -> None:
    end = incident.end or End(Ending.RESOLVED, fact.time, 0)
    about = (incident.id, fact.data.rule, incident.component, fact.data.severity, incident.title, incident.started_at)
    ended = (incident.end.at if incident.end else None, incident.revision, end.how, end.revision, end.tell)
    await tx.execute(queries.save_incident, *about, *ended, fact.id, fact.hops)


async def match_impact_of(tx: Tx, incident_id: str, at: datetime) -> None:
    """Has the impact matched that came before its incident was known."""
    await schedule(tx, MATCH, {row["id"]: at for row in await tx.fetch(queries.impact_to_match_of, incident_id)})


async def save_impact(tx: Tx, fact: IncidentImpact, at: datetime) -> None:
    """Keeps whom an incident touches, and has their tickets matched when `tx` is committed."""
    merged: dict[str, Affected] = {each.customer_id: each for each in fact.data.customers}
    rows = [(each.customer_id, each.certainty, each.first_seen_at, each.last_seen_at, each.count) for each in merged.values()]
    if rows:
        await tx.execute(queries.save_impact, fact.data.incident_id, *_columns(rows))
        await tx.execute(queries.save_impact_to_match, fact.id, fact.data.incident_id, list(merged), fact.hops)
        await schedule(tx, MATCH, {fact.id: at})


async def matched_impact(tx: Tx, piece_id: str) -> None:
    await tx.execute(queries.matched_impact, piece_id)


async def been_through(tx: Tx, incident: Incident, end: End, tickets: Sequence[Ticket]) -> None:
    """These tickets have been through this end of their incident."""
    await tx.execute(queries.ended, incident.id, end.revision, [ticket.id for ticket in tickets])


async def drop_suggestions(tx: Tx, incident: Incident, at_most: int) -> bool:
    """Whether there may be more."""
    return await tx.execute(queries.drop_suggestions, incident.id, at_most) == f"DELETE {at_most}"


async def save_told(tx: Tx, told: Iterable[tuple[str, str, datetime]]) -> None:
    """(incident, customer, when): only the first time counts."""
    first: dict[tuple[str, str], datetime] = {}
    for incident_id, customer_id, at in told:
        first[incident_id, customer_id] = min(at, first.get((incident_id, customer_id), at))
    if first:
        await tx.execute(queries.save_told, *_columns((*pair, at) for pair, at in first.items()))
