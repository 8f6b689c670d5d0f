"""Tickets, each read with its first-response clock."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from pathlib import Path

import asyncpg

from services.ticketing.change import Request
from services.ticketing.sla.clock import Clock
from services.ticketing.store.clocks import OF_CLOCK
from services.ticketing.store.rows import columns
from services.ticketing.ticket import Status, Ticket
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("tickets.sql"))

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
    "risk_id",
)

_row = attrgetter(*OF_TICKET, "status")


async def now(tx: Tx) -> datetime:
    """Returns the database's clock, which all of ticketing goes by."""
    at: datetime = await tx.fetchval(queries.now)
    return at


async def numbers(tx: Tx, count: int) -> list[int]:
    """Returns numbers for new tickets, in order."""
    return [row["number"] for row in await tx.fetch(queries.next_numbers, count)] if count else []


async def continued(tx: Tx, requests: Sequence[Request]) -> dict[tuple[str, str], Ticket]:
    """Returns the tickets that requests continue: (customer, what they called it) → ticket."""
    asked = {(request.customer_id, request.in_reply_to) for request in requests if request.in_reply_to}
    if not asked:
        return {}
    customers, refs = zip(*sorted(asked), strict=True)
    return {(row["customer_id"], row["ref"]): ticket_of(row) for row in await tx.fetch(queries.continued, customers, refs)}


async def unlinked_between(tx: Tx, first: int, last: int) -> list[tuple[Ticket, str]]:
    """Returns unresolved tickets about no incident, locked, and the words of the request that made each."""
    return [(ticket_of(row), row["body"] or "") for row in await tx.fetch(queries.unlinked_between, first, last)]


async def unlinked_of(tx: Tx, customers: Sequence[str], since: datetime) -> list[tuple[Ticket, str]]:
    """Returns the same, of these customers and written since then."""
    return [(ticket_of(row), row["body"] or "") for row in await tx.fetch(queries.unlinked_of, customers, since)]


async def ticket(tx: Tx, ref: str) -> Ticket | None:
    """Returns a ticket by id or number, locked until `tx` ends."""
    row = await tx.fetchrow(queries.ticket, ref, number_of(ref))
    return ticket_of(row) if row else None


async def touched(tx: Tx, ticket_id: str) -> bool:
    """Says whether anybody but Forewarn has done or said anything on a ticket."""
    found: bool = await tx.fetchval(queries.touched, ticket_id)
    return found


async def knows_risk_is_over(tx: Tx, ticket_id: str) -> bool:
    """Says whether a ticket's history says already that its risk is over."""
    found: bool = await tx.fetchval(queries.knows_risk_is_over, ticket_id)
    return found


async def silent(tx: Tx, since: datetime, at_most: int) -> list[Ticket]:
    """Returns tickets that wait for a customer who has not answered since then."""
    return [ticket_of(row) for row in await tx.fetch(queries.silent, since, at_most)]


async def long_resolved(tx: Tx, since: datetime, at_most: int) -> list[Ticket]:
    """Returns tickets resolved before then."""
    return [ticket_of(row) for row in await tx.fetch(queries.long_resolved, since, at_most)]


async def save(tx: Tx, tickets: Iterable[Ticket], at: datetime) -> None:
    await tx.execute(queries.save_tickets, *columns(map(_row, tickets)), at)


def number_of(ref: str) -> int | None:
    """Returns the number that a reference writes, if it can be one."""
    return int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 19 else None


def ticket_of(row: asyncpg.Record) -> Ticket:
    clock = Clock(*(row[name] for name in OF_CLOCK))
    return Ticket(**{name: row[name] for name in OF_TICKET}, status=Status(row["status"]), first_response=clock)
