"""The routes that change tickets: requests come in, and agents work on them. `reading.py` has those that only read."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from services.ticketing.acts import agents as acts
from services.ticketing.acts.incidents import unlinked
from services.ticketing.api import pages
from services.ticketing.api.bodies import Assignment, Linking, NewTicket, Reopening, Reply, Resolution, Unlinking
from services.ticketing.api.reading import NO_TICKET, Ref, readers
from services.ticketing.api.views import TicketView
from services.ticketing.change import Change, Person
from services.ticketing.change import Request as SupportRequest
from services.ticketing.matching.match import SAME_COMPONENT, Match
from services.ticketing.measures import Measures
from services.ticketing.store import changes, due, incidents, links, messages, suggestions, tickets
from services.ticketing.support import Configuration
from services.ticketing.taking import take
from services.ticketing.ticket import Refused, Ticket, reference
from services.ticketing.wording.rendering import answer
from shared.answers import Name
from shared.api import Db, IdempotencyKey, Problem, Role, allow, caller_of, once
from shared.events import identity
from shared.postgres import Tx

ROUTE = "/v1/tickets"

Decide = Callable[[Ticket, Person, datetime], Change | Refused]

MAY_FAIL: dict[int | str, dict[str, Any]] = {
    **NO_TICKET,
    409: {"description": "not in this state; `allowed` names what can be done instead"},
}

NO_INCIDENT: dict[int | str, dict[str, Any]] = {404: {"description": "there is no such incident"}}

agents = APIRouter(prefix="/v1", dependencies=[allow(Role.AGENT)])


def router(config: Configuration) -> APIRouter:
    """All of ticketing's routes."""
    everything = APIRouter()

    @everything.post(ROUTE, status_code=201, response_model=TicketView, tags=["tickets"], dependencies=[allow(Role.PRODUCER, Role.AGENT)])
    async def create(request: Request, database: Db, new: NewTicket, key: IdempotencyKey = None) -> Response:
        """Makes a ticket of a customer's request, or continues the one it replies to; one about a known incident is answered at once."""
        return await once(request, database, key, partial(_take, config, new, _name_of(request, key)), status=201)

    @everything.get("/v1/incidents/{incident_id}/outcome", responses=NO_INCIDENT, tags=["incidents"], dependencies=[allow(Role.AGENT)])
    async def incident_outcome(database: Db, incident_id: Name) -> Measures:
        """Did it help? Who was told before they wrote in, and by how much."""
        async with database.transaction() as tx:
            return await pages.outcome(tx, incident_id, config.support.linking.windows)

    @everything.post(
        "/v1/tickets/{ref}/link", response_model=TicketView, responses=MAY_FAIL, tags=["tickets"], dependencies=[allow(Role.AGENT)]
    )
    async def link(request: Request, database: Db, ref: Ref, said: Linking, key: IdempotencyKey = None) -> Response:
        """The ticket is about that incident, suggested or not: the customer is told its status, and hears of its end."""
        return await once(request, database, key, lambda tx: _link(config, tx, ref, said))

    everything.include_router(agents)
    everything.include_router(readers)
    return everything


def _name_of(request: Request, key: str | None) -> tuple[str, ...]:
    """What makes the same request the same ticket: its caller's key, which is no other caller's."""
    return (ROUTE, caller_of(request).name, key) if key else (ROUTE, str(uuid4()))


async def _take(config: Configuration, new: NewTicket, name: tuple[str, ...], tx: Tx) -> TicketView:
    message_id = identity("message", *name)
    if (earlier := await messages.made_by(tx, message_id)) is not None:
        raise Problem(409, f"this Idempotency-Key made ticket {earlier} more than 24 hours ago")
    request = SupportRequest(
        message_id=message_id,
        ticket_id=identity("ticket", *name),
        customer_id=new.customer_id,
        channel=new.channel,
        subject=new.subject,
        body=new.body,
        component=config.catalog.component(new.component),
        priority=new.priority,
        in_reply_to=reference(new.in_reply_to),
        written_at=await tickets.now(tx),
        cause=None,
    )
    await take(config, tx, [request])
    return await pages.shown(tx, await messages.made_by(tx, message_id) or "")


async def _link(config: Configuration, tx: Tx, ref: str, said: Linking) -> TicketView:
    ticket = await _ticket(tx, ref)
    if ticket.incident_id is not None:
        raise Problem(409, f"the ticket is linked to incident {ticket.incident_id}: unlink it first")
    incident = await incidents.incident(tx, said.incident_id)
    if incident is None:
        raise Problem(404, "there is no such incident")
    if not incident.may_be_meant:
        raise Problem(409, "the incident was withdrawn or dismissed")
    reasons = (f"{said.by} says so.", *await suggestions.suggestion(tx, ticket, incident.id))
    wording = answer(config.support.answers, config.catalog, ticket, incident) if said.answer else None
    now = await tickets.now(tx)
    linked = await _apply(tx, acts.accepted(ticket, _person(said.by), now, Match(incident, SAME_COMPONENT, reasons), wording))
    await due.look_again(tx, [ticket], now)
    return linked


# ── agents act ───────────────────────────────────────────────────────────────────────────────


@agents.post("/tickets/{ref}/reply", response_model=TicketView, responses=MAY_FAIL, tags=["tickets"])
async def reply(request: Request, database: Db, ref: Ref, said: Reply, key: IdempotencyKey = None) -> Response:
    """Writes to the customer; notifier brings it. The ticket waits for the customer then."""
    return await _act(request, database, ref, key, said.by, partial(acts.replied, body=said.body))


@agents.post("/tickets/{ref}/assign", response_model=TicketView, responses=MAY_FAIL, tags=["tickets"])
async def assign(request: Request, database: Db, ref: Ref, said: Assignment, key: IdempotencyKey = None) -> Response:
    """Gives the ticket to an agent, or back to the queue."""
    return await _act(request, database, ref, key, said.by, partial(acts.assigned, agent=said.agent))


@agents.post("/tickets/{ref}/resolve", response_model=TicketView, responses=MAY_FAIL, tags=["tickets"])
async def resolve(request: Request, database: Db, ref: Ref, said: Resolution, key: IdempotencyKey = None) -> Response:
    """The customer's trouble is over, as far as we know."""
    return await _act(request, database, ref, key, said.by, partial(acts.resolved, resolution=said.resolution))


@agents.post("/tickets/{ref}/reopen", response_model=TicketView, responses=MAY_FAIL, tags=["tickets"])
async def reopen(request: Request, database: Db, ref: Ref, said: Reopening, key: IdempotencyKey = None) -> Response:
    """It was not over."""
    return await _act(request, database, ref, key, said.by, partial(acts.reopened, reason=said.reason))


@agents.post("/tickets/{ref}/unlink", response_model=TicketView, responses=MAY_FAIL, tags=["tickets"])
async def unlink(request: Request, database: Db, ref: Ref, said: Unlinking, key: IdempotencyKey = None) -> Response:
    """The ticket is not about that incident: it will not be linked to it again, and needs a first response if only Forewarn gave one."""

    async def act(tx: Tx) -> TicketView:
        ticket = await _ticket(tx, ref)
        link = await links.link_of(tx, ticket)
        if link is None:
            raise Problem(409, "the ticket is linked to no incident")
        return await _apply(tx, unlinked(ticket, _person(said.by), await tickets.now(tx), link, said.verdict))

    return await once(request, database, key, act)


async def _act(request: Request, database: Db, ref: str, key: str | None, by: str, decide: Decide) -> Response:
    async def act(tx: Tx) -> TicketView:
        ticket = await _ticket(tx, ref)
        return await _apply(tx, decide(ticket, _person(by), await tickets.now(tx)))

    return await once(request, database, key, act)


async def _ticket(tx: Tx, ref: str) -> Ticket:
    ticket = await tickets.ticket(tx, reference(ref) or "")
    if ticket is None:
        raise Problem(404, "there is no such ticket")
    return ticket


def _person(by: str) -> Person:
    return Person(by, str(uuid4()))


async def _apply(tx: Tx, decided: Change | Refused) -> TicketView:
    if isinstance(decided, Refused):
        raise Problem(409, str(decided), ticket_status=decided.status, allowed=decided.allowed)
    await changes.apply(tx, [decided])
    return await pages.shown(tx, decided.ticket.id)
