"""The routes by which agents act on tickets. Who acts is who the token names."""

from functools import partial

from fastapi import APIRouter, Request, Response

from services.ticketing.acts import agents as acts
from services.ticketing.api.acting import MAY_FAIL, act
from services.ticketing.api.bodies import Assignment, Reopening, Reply, Resolution
from services.ticketing.api.reading import ME, Ref
from services.ticketing.api.views import TicketView
from shared.api import Db, IdempotencyKey, Role, allow, caller_of

agents = APIRouter(prefix="/v1", dependencies=[allow(Role.AGENT)])


@agents.post("/tickets/{ref}/reply", response_model=TicketView, responses=MAY_FAIL, tags=["tickets"])
async def reply(request: Request, database: Db, ref: Ref, said: Reply, key: IdempotencyKey = None) -> Response:
    """Writes to the customer; notifier brings it. The ticket waits for the customer then."""
    return await act(request, database, ref, key, partial(acts.replied, body=said.body))


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
