"""The routes that agents read from: tickets, what is known of one, and queues. Lists have pages; `next` of one leads to the next."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request

from services.ticketing.api import pages
from services.ticketing.api.bodies import Text
from services.ticketing.api.views import (
    HistoryView,
    LinkView,
    MessageView,
    QueueView,
    SuggestionView,
    TicketDetail,
    TicketView,
)
from services.ticketing.ticket import Status, reference
from shared.answers import Cursor, Name, Page
from shared.api import Db, Role, allow, caller_of, numbered_position

Limit = Annotated[int, Query(ge=1, le=200)]
Ref = Annotated[Name, Path(description="a ticket's id or number")]

NO_TICKET: dict[int | str, dict[str, Any]] = {404: {"description": "there is no such ticket"}}
NOT_ON_IT: dict[int | str, dict[str, Any]] = {404: {"description": "there is no such ticket, or it has no such thing"}}

ME = "me"  # whoever asks, where an agent is named

readers = APIRouter(prefix="/v1", tags=["tickets"], dependencies=[allow(Role.AGENT)])


async def _ticket_id(database: Db, ref: Ref) -> str:
    async with database.connection() as connection:
        return (await pages.shown(connection, reference(ref) or "")).id


TicketId = Annotated[str, Depends(_ticket_id)]


@readers.get("/tickets")
async def tickets(
    request: Request,
    database: Db,
    status: Annotated[list[Status] | None, Query(description="several: any of them")] = None,
    customer_id: Name | None = None,
    component: Name | None = None,
    incident_id: Name | None = None,
    assignee: Annotated[Name | None, Query(description="`me` is whoever asks")] = None,
    q: Annotated[Text | None, Query(max_length=500, description="words of what was said, or a number")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TicketView]:
    """Returns tickets, newest first."""
    assignee = caller_of(request).person if assignee == ME else assignee
    filters = (status, customer_id, component, incident_id, assignee, reference(q))
    async with database.transaction() as tx:
        return await pages.listed(tx, numbered_position(cursor), filters, limit)


@readers.get("/tickets/{ref}", responses=NO_TICKET)
async def ticket(database: Db, ref: Ref) -> TicketDetail:
    """Returns one ticket with the latest of what was said, why it is linked, its promises and its history; long bodies are cut.

    `next` has cursors for what is earlier, where there is more.
    """
    async with database.transaction() as tx:
        return await pages.detail(tx, reference(ref) or "")


@readers.get("/tickets/{ref}/messages", responses=NO_TICKET)
async def ticket_messages(database: Db, ticket_id: TicketId, cursor: Cursor = None, limit: Limit = 50) -> Page[MessageView]:
    """Returns what was said on a ticket, the latest first, with the first 4,000 characters of each body."""
    async with database.transaction() as tx:
        return await pages.MESSAGES.page(tx, ticket_id, cursor, limit)


@readers.get("/tickets/{ref}/messages/{message_id}", responses=NOT_ON_IT)
async def ticket_message(database: Db, ticket_id: TicketId, message_id: Name) -> MessageView:
    """Returns one thing that was said on a ticket, with all of its body."""
    async with database.connection() as connection:
        return await pages.message(connection, ticket_id, message_id)


@readers.get("/tickets/{ref}/links", responses=NO_TICKET)
async def ticket_links(database: Db, ticket_id: TicketId, cursor: Cursor = None, limit: Limit = 50) -> Page[LinkView]:
    """Returns the incidents a ticket is, or was thought to be, about, the latest first."""
    async with database.transaction() as tx:
        return await pages.LINKS.page(tx, ticket_id, cursor, limit)


@readers.get("/tickets/{ref}/suggestions", responses=NO_TICKET)
async def ticket_suggestions(database: Db, ticket_id: TicketId, cursor: Cursor = None, limit: Limit = 50) -> Page[SuggestionView]:
    """Returns the incidents a ticket may be about, the likeliest first."""
    async with database.transaction() as tx:
        return await pages.SUGGESTIONS.page(tx, ticket_id, cursor, limit)


@readers.get("/tickets/{ref}/history", responses=NO_TICKET)
async def ticket_history(database: Db, ticket_id: TicketId, cursor: Cursor = None, limit: Limit = 50) -> Page[HistoryView]:
    """Returns who did what to a ticket, the latest first; a detail longer than 8,000 bytes is with its own line only."""
    async with database.transaction() as tx:
        return await pages.HISTORY.page(tx, ticket_id, cursor, limit)


@readers.get("/tickets/{ref}/history/{line}", responses=NOT_ON_IT)
async def ticket_history_line(
    database: Db, ticket_id: TicketId, line: Annotated[int, Path(ge=1, lt=1 << 63, description="its id")]
) -> HistoryView:
    """Returns one line of a ticket's history, with all of its detail."""
    async with database.connection() as connection:
        return await pages.history_line(connection, ticket_id, line)


@readers.get("/queues")
async def queues(database: Db, cursor: Cursor = None, limit: Limit = 200) -> Page[QueueView]:
    """Returns how much there is to work on, by state and agent; what nobody has comes last of its state."""
    async with database.transaction() as tx:
        return await pages.queues(tx, cursor, limit)
