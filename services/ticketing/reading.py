"""Tickets as people see them: what the lists and pages of REST are read from."""

from collections.abc import Sequence

from services.ticketing import store
from services.ticketing.matching.match import Windows
from services.ticketing.outcome import Outcome, judge
from services.ticketing.store import number_of, queries
from services.ticketing.ticket import Status
from services.ticketing.views import (
    ClockView,
    HistoryView,
    LinkView,
    MessageView,
    QueueList,
    QueueView,
    SuggestionView,
    TicketDetail,
    TicketView,
)
from shared.api import Problem
from shared.postgres import Tx, plan_for_values

Filters = tuple[Sequence[Status] | None, str | None, str | None, str | None, str | None, str | None]


async def shown(tx: Tx, ref: str) -> TicketView:
    """Raises a 404 problem."""
    row = await tx.fetchrow(queries.shown, ref, number_of(ref))
    if row is None:
        raise Problem(404, "there is no such ticket")
    return TicketView(**row)


async def listed(tx: Tx, below: int | None, filters: Filters, limit: int) -> list[TicketView]:
    """Newest first. Filters: states, customer, component, incident, assignee, words or a number."""
    await plan_for_values(tx)
    return [TicketView(**row) for row in await tx.fetch(queries.listed, below, *filters, number_of(filters[-1] or ""), limit)]


async def detail(tx: Tx, ref: str) -> TicketDetail:
    """Raises a 404 problem."""
    ticket = await shown(tx, ref)
    return TicketDetail(
        **ticket.model_dump(),
        messages=[MessageView(**row) for row in await tx.fetch(queries.messages_of, ticket.id)],
        links=[LinkView(**row) for row in await tx.fetch(queries.links_of, ticket.id)],
        suggestions=[SuggestionView(**row) for row in await tx.fetch(queries.suggestions_of, ticket.id)],
        clocks=[ClockView(**row) for row in await tx.fetch(queries.clocks_of, ticket.id)],
        history=[HistoryView(**row) for row in await tx.fetch(queries.history_of, ticket.id)],
    )


async def queues(tx: Tx) -> QueueList:
    return QueueList(items=[QueueView(**row) for row in await tx.fetch(queries.queues)])


async def outcome(tx: Tx, incident_id: str, windows: Windows) -> Outcome:
    """Raises a 404 problem."""
    incident = await store.incident(tx, incident_id)
    if incident is None:
        raise Problem(404, "there is no such incident")
    return judge(incident_id, await store.contacts(tx, incident_id), *await store.tickets_during(tx, incident, windows))
