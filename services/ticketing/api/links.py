"""The routes by which agents link tickets to incidents, and undo that."""

from fastapi import APIRouter, Request, Response

from services.ticketing.acts import agents as acts
from services.ticketing.acts.incidents import unlinked
from services.ticketing.api.acting import MAY_FAIL, actor_of, applied, locked, not_possible
from services.ticketing.api.bodies import Linking, Unlinking
from services.ticketing.api.reading import Ref
from services.ticketing.api.views import TicketView
from services.ticketing.change import Actor
from services.ticketing.matching.match import SAME_COMPONENT, Match
from services.ticketing.store import due, incidents, links, suggestions, tickets
from services.ticketing.support import Configuration
from services.ticketing.wording.rendering import answer
from shared.api import Db, IdempotencyKey, Problem, Role, allow, once
from shared.postgres import Tx


def linkers(config: Configuration) -> APIRouter:
    """Returns the two routes; the words of an answer are configuration."""
    router = APIRouter(prefix="/v1", tags=["tickets"], dependencies=[allow(Role.AGENT)])

    @router.post("/tickets/{ref}/link", response_model=TicketView, responses=MAY_FAIL)
    async def link(request: Request, database: Db, ref: Ref, said: Linking, key: IdempotencyKey = None) -> Response:
        """The ticket is about that incident, suggested or not: the customer is told its status, and hears of its end."""
        return await once(request, database, key, lambda tx: _link(config, tx, ref, said, actor_of(request)))

    @router.post("/tickets/{ref}/unlink", response_model=TicketView, responses=MAY_FAIL)
    async def unlink(request: Request, database: Db, ref: Ref, said: Unlinking, key: IdempotencyKey = None) -> Response:
        """The ticket is not about that incident: it is not linked to it again, and needs a first response if only Forewarn gave one."""
        return await once(request, database, key, lambda tx: _unlink(tx, ref, said, actor_of(request)))

    return router


async def _link(config: Configuration, tx: Tx, ref: str, said: Linking, by: Actor) -> TicketView:
    ticket = await locked(tx, ref)
    if ticket.incident_id is not None:
        raise not_possible(ticket, f"the ticket is linked to incident {ticket.incident_id}, and must be unlinked first")
    incident = await incidents.incident(tx, said.incident_id)
    if incident is None:
        raise Problem(404, "there is no such incident")
    if not incident.may_be_meant:
        raise not_possible(ticket, "the incident was withdrawn or dismissed")
    reasons = (f"{by.name} says so.", *await suggestions.suggestion(tx, ticket, incident.id))
    wording = answer(config.support.answers, config.catalog, ticket, incident) if said.answer else None
    now = await tickets.now(tx)
    linked = await applied(tx, ticket, acts.accepted(ticket, by, now, Match(incident, SAME_COMPONENT, reasons), wording))
    await due.look_again(tx, [ticket], now)
    return linked


async def _unlink(tx: Tx, ref: str, said: Unlinking, by: Actor) -> TicketView:
    ticket = await locked(tx, ref)
    link = await links.link_of(tx, ticket)
    if link is None:
        raise not_possible(ticket, "the ticket is linked to no incident")
    return await applied(tx, ticket, unlinked(ticket, by, await tickets.now(tx), link, said.verdict))
