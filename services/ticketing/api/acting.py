"""Every route by which an agent acts on a ticket finds it, acts once for an idempotency key, and shows it or says why not."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from fastapi import Request, Response

from services.ticketing.api import pages
from services.ticketing.api.reading import NO_TICKET
from services.ticketing.api.views import TicketView
from services.ticketing.change import Actor, Change
from services.ticketing.store import changes, tickets
from services.ticketing.ticket import Refused, Ticket, reference, routes_open
from shared.api import Db, Problem, caller_of, once
from shared.postgres import Tx

Decide = Callable[[Ticket, Actor, datetime], Change | Refused]

MAY_FAIL: dict[int | str, dict[str, Any]] = {
    **NO_TICKET,
    409: {"description": "not in this state; `allowed` names the routes of this ticket that can be used instead"},
}


async def act(request: Request, database: Db, ref: str, key: str | None, decide: Decide) -> Response:
    """Does to the ticket what `decide` says, as the person whom the token names."""

    async def once_only(tx: Tx) -> TicketView:
        ticket = await locked(tx, ref)
        return await applied(tx, ticket, decide(ticket, actor_of(request), await tickets.now(tx)))

    return await once(request, database, key, once_only)


async def locked(tx: Tx, ref: str) -> Ticket:
    """Returns the ticket, locked until `tx` ends. Raises a 404 problem."""
    ticket = await tickets.ticket(tx, reference(ref) or "")
    if ticket is None:
        raise Problem(404, "there is no such ticket")
    return ticket


def actor_of(request: Request) -> Actor:
    return Actor(caller_of(request).person, str(uuid4()))


async def applied(tx: Tx, ticket: Ticket, decided: Change | Refused) -> TicketView:
    """Returns the ticket after the change. Raises a 409 problem for a refusal."""
    if isinstance(decided, Refused):
        raise not_possible(ticket, str(decided))
    await changes.apply(tx, [decided])
    return await pages.shown(tx, ticket.id)


def not_possible(ticket: Ticket, why: str) -> Problem:
    """Returns a 409 problem that names the routes by which an agent can act on the ticket as it is."""
    allowed = routes_open(ticket.status, is_linked=ticket.incident_id is not None)
    return Problem(409, why, ticket_status=ticket.status, allowed=allowed)
