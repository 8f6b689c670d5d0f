"""All routes of ticketing together, and the one by which requests come in."""

from functools import partial
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from services.ticketing.api import pages
from services.ticketing.api.agents import agents
from services.ticketing.api.bodies import NewTicket
from services.ticketing.api.links import linkers
from services.ticketing.api.reading import readers
from services.ticketing.api.views import TicketView
from services.ticketing.change import Request as SupportRequest
from services.ticketing.store import messages, tickets
from services.ticketing.support import Configuration
from services.ticketing.taking import take
from services.ticketing.ticket import reference
from shared.api import Caller, Db, IdempotencyKey, Problem, Role, allow, caller_of, once
from shared.erasing import hold
from shared.events import identity
from shared.postgres import Tx

ROUTE = "/v1/tickets"


def router(config: Configuration) -> APIRouter:
    """Returns all of ticketing's routes."""
    everything = APIRouter()

    @everything.post(ROUTE, status_code=201, response_model=TicketView, tags=["tickets"], dependencies=[allow(Role.PRODUCER, Role.AGENT)])
    async def create(request: Request, database: Db, new: NewTicket, key: IdempotencyKey = None) -> Response:
        """Makes a ticket of a customer's request, or continues the one it replies to; one about a known incident is answered at once."""
        caller = caller_of(request)
        return await once(request, database, key, partial(_take, config, new, _identity_of(caller, key), caller.person), status=201)

    for each in (agents, linkers(config), readers):
        everything.include_router(each)
    return everything


def _identity_of(caller: Caller, key: str | None) -> tuple[str, ...]:
    """Returns what makes the same request the same ticket: its caller's key, which is no other caller's."""
    return (ROUTE, caller.name, key) if key else (ROUTE, str(uuid4()))


async def _take(config: Configuration, new: NewTicket, name: tuple[str, ...], taken_by: str, tx: Tx) -> TicketView:
    message_id = identity("message", *name)
    if (earlier := await messages.made_by(tx, message_id)) is not None:
        raise Problem(409, f"this Idempotency-Key made ticket {earlier} more than 24 hours ago")
    await hold(tx)  # an erasure waits for this request, and sees it
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
        taken_by=taken_by,
    )
    if not await messages.unknown(tx, [request]):
        raise Problem(409, "this Idempotency-Key made a ticket whose customer was erased")
    await take(config, tx, [request])
    return await pages.shown(tx, await messages.made_by(tx, message_id) or "")
