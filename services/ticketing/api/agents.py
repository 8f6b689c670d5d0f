"""The routes by which agents act on tickets. Who acts is who the token names."""

from dataclasses import asdict
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from services.ticketing.acts import agents as acts
from services.ticketing.api.acting import MAY_FAIL, act, actor_of, applied, locked
from services.ticketing.api.bodies import Assignment, Reopening, Reply, Resolution
from services.ticketing.api.reading import ME, Ref
from services.ticketing.api.views import ReplyView, TicketView
from services.ticketing.change import Actor
from services.ticketing.store import messages, tickets
from services.ticketing.ticket import Ticket
from shared.api import Db, IdempotencyKey, Problem, Role, allow, caller_of, once
from shared.postgres import Tx

REPLY_MAY_FAIL: dict[int | str, dict[str, Any]] = {
    **MAY_FAIL,
    409: {"description": f"{MAY_FAIL[409]['description']}; or support answered since `seen`, and `newer` is that message"},
}

agents = APIRouter(prefix="/v1", dependencies=[allow(Role.AGENT)])


@agents.post("/tickets/{ref}/reply", response_model=ReplyView, responses=REPLY_MAY_FAIL, tags=["tickets"])
async def reply(request: Request, database: Db, ref: Ref, said: Reply, key: IdempotencyKey = None) -> Response:
    """Writes to the customer; notifier brings it. The ticket waits for the customer then.

    With `seen`, nothing is sent when support has answered since then: two agents do not answer the same words.
    """
    return await once(request, database, key, lambda tx: _reply(tx, ref, said, actor_of(request)))


@agents.post("/tickets/{ref}/assign", response_model=TicketView, responses=MAY_FAIL, tags=["tickets"])
async def assign(request: Request, database: Db, ref: Ref, said: Assignment, key: IdempotencyKey = None) -> Response:
    """Gives the ticket to an agent, or back to the queue."""
    agent = caller_of(request).person if said.agent == ME else said.agent
    return await act(request, database, ref, key, partial(acts.assigned, agent=agent))


@agents.post("/tickets/{ref}/resolve", response_model=TicketView, responses=MAY_FAIL, tags=["tickets"])
async def resolve(request: Request, database: Db, ref: Ref, said: Resolution, key: IdempotencyKey = None) -> Response:
    """The customer's trouble is over, as far as we know."""
    return await act(request, database, ref, key, partial(acts.resolved, resolution=said.resolution))


@agents.post("/tickets/{ref}/reopen", response_model=TicketView, responses=MAY_FAIL, tags=["tickets"])
async def reopen(request: Request, database: Db, ref: Ref, said: Reopening, key: IdempotencyKey = None) -> Response:
    """The trouble was not over."""
    return await act(request, database, ref, key, partial(acts.reopened, reason=said.reason))


async def _reply(tx: Tx, ref: str, said: Reply, by: Actor) -> ReplyView:
    ticket = await locked(tx, ref)
    if said.seen is not None:
        await _refuse_when_answered_since(tx, ticket, said.seen)
    shown = await applied(tx, ticket, acts.replied(ticket, by, await tickets.now(tx), said.body))
    return ReplyView(**shown.model_dump(), message_id=acts.reply_id(ticket, by))


async def _refuse_when_answered_since(tx: Tx, ticket: Ticket, seen: str) -> None:
    """Raises a 409 problem with what support has answered since the agent looked. The ticket is locked: nobody answers meanwhile."""
    newer = await messages.answers_since(tx, ticket.id, seen)
    if newer is None:
        raise Problem(422, "`seen` is no message of this ticket")
    if newer:
        raise Problem(409, f"{newer[0].author} has answered since you looked", ticket_status=ticket.status, newer=asdict(newer[0]))
