"""Lists and single things as REST shows them, read from the tables. Each is bounded in bytes (see `shared/answers.py`)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Generic

from services.ticketing.api.views import (
    ClockView,
    Earlier,
    HistoryView,
    LinkView,
    MessageView,
    QueueView,
    SuggestionView,
    TicketDetail,
    TicketView,
)
from services.ticketing.store.lists import queries
from services.ticketing.store.tickets import number_of
from services.ticketing.ticket import UNRESOLVED, Status
from shared.answers import MAX_ANSWER, PAGE, Item, Page, page_of
from shared.api import Problem, not_ours, numbered_position, position_of, timed_position
from shared.postgres import Tx

Filters = tuple[Sequence[Status] | None, str | None, str | None, str | None, str | None, str | None]

WITH_TICKET = 50  # items of each list in a ticket's detail, of so many bytes:
ITS_PART = MAX_ANSWER // 5


async def shown(tx: Tx, ref: str) -> TicketView:
    """Returns the ticket as REST shows it. Raises a 404 problem."""
    row = await tx.fetchrow(queries.shown, ref, number_of(ref))
    if row is None:
        raise Problem(404, "there is no such ticket")
    return TicketView(**row)


async def listed(tx: Tx, below: int | None, filters: Filters, limit: int) -> Page[TicketView]:
    """Returns tickets, newest first. Filters: states, customer, component, incident, assignee, words or a number."""
    values = (below, *filters, number_of(filters[-1] or ""))
    return await page_of(
        tx, queries.listed, *values, limit=limit, view=lambda row: TicketView(**row), position=lambda item: str(item.number)
    )


@dataclass(frozen=True)
class TicketList(Generic[Item]):
    """One of the lists that a ticket has: its query, what an item is shown as, and how a cursor says where the list goes on."""

    query: str
    view: type[Item]
    after: Callable[[str | None], tuple[Any, ...]]  # a cursor as parameters of the query
    position: Callable[[Item], str]  # what the cursor after an item says

    async def page(self, tx: Tx, ticket_id: str, cursor: str | None, limit: int, at_most: int = PAGE) -> Page[Item]:
        """Returns at most `limit` items of at most `at_most` bytes. Raises a 422 problem for a cursor that is not ours."""
        values = (ticket_id, *self.after(cursor))
        return await page_of(
            tx, self.query, *values, limit=limit, view=lambda row: self.view(**row), position=self.position, at_most=at_most
        )


def _scored_position(cursor: str | None) -> tuple[float | None, str | None]:
    """Returns the score and the id that a cursor of a list by score points to. Raises a 422 problem for any other cursor."""
    position = position_of(cursor)
    if position is None:
        return None, None
    score, _, id_ = position.partition(" ")
    try:
        if id_ and isfinite(float(score)):
            return float(score), id_
    except ValueError:
        pass
    raise not_ours()


# They list what was said; the incidents that the ticket is, or was thought to be, about; those it may be about; and who did what.
MESSAGES = TicketList(queries.messages_of, MessageView, timed_position, lambda item: f"{item.at.isoformat()} {item.id}")
LINKS = TicketList(queries.links_of, LinkView, timed_position, lambda item: f"{item.linked_at.isoformat()} {item.incident_id}")
SUGGESTIONS = TicketList(queries.suggestions_of, SuggestionView, _scored_position, lambda item: f"{item.score!r} {item.incident_id}")
HISTORY = TicketList(queries.history_of, HistoryView, lambda cursor: (numbered_position(cursor),), lambda item: str(item.id))


async def detail(tx: Tx, ref: str) -> TicketDetail:
    """Returns the ticket with the latest of everything. Raises a 404 problem."""
    ticket = await shown(tx, ref)
    said = await MESSAGES.page(tx, ticket.id, None, WITH_TICKET, ITS_PART)
    about = await LINKS.page(tx, ticket.id, None, WITH_TICKET, ITS_PART)
    maybe = await SUGGESTIONS.page(tx, ticket.id, None, WITH_TICKET, ITS_PART)
    done = await HISTORY.page(tx, ticket.id, None, WITH_TICKET, ITS_PART)
    return TicketDetail(
        **ticket.model_dump(),
        messages=said.items[::-1],
        links=about.items[::-1],
        suggestions=maybe.items,
        clocks=[ClockView(**row) for row in await tx.fetch(queries.clocks_of, ticket.id)],
        history=done.items[::-1],
        next=Earlier(messages=said.next, links=about.next, suggestions=maybe.next, history=done.next),
    )


async def message(tx: Tx, ticket_id: str, message_id: str) -> MessageView:
    """Returns one message with all of its body. Raises a 404 problem."""
    row = await tx.fetchrow(queries.message_of, ticket_id, message_id)
    if row is None:
        raise Problem(404, "there is no such message on this ticket")
    return MessageView(**row)


async def history_line(tx: Tx, ticket_id: str, line_id: int) -> HistoryView:
    """Returns one line of the history with all of its detail. Raises a 404 problem."""
    row = await tx.fetchrow(queries.history_line, ticket_id, line_id)
    if row is None:
        raise Problem(404, "there is no such line in this ticket's history")
    return HistoryView(**row)


async def queues(tx: Tx, cursor: str | None, limit: int) -> Page[QueueView]:
    """Returns the queues by state, then by who has them. Raises a 422 problem for a cursor that is not ours."""
    position = position_of(cursor)
    status, _, assignee = position.partition(" ") if position is not None else (None, "", "")
    if status is not None and status not in UNRESOLVED:
        raise not_ours()
    return await page_of(
        tx,
        queries.queues,
        status,
        assignee or None,
        limit=limit,
        view=lambda row: QueueView(**row),
        position=lambda item: f"{item.status} {item.assignee or ''}",
    )
