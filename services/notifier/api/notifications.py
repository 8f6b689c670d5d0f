"""Agents ask what a customer was told and why, or why not."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.notifier.channels.outcome import Refusal
from services.notifier.notification import Kind, Reason, Status
from services.notifier.store.ledger import queries
from shared.answers import Cursor, Name, Page, page_of
from shared.api import Db, Problem, Role, allow, timed_position

NO_NOTIFICATION: dict[int | str, dict[str, Any]] = {404: {"description": "there is no such notification"}}

router = APIRouter(prefix="/v1", tags=["notifier"], dependencies=[allow(Role.AGENT)])


class NotificationView(BaseModel):
    """One thing that one customer must know, and what became of it."""

    id: str
    customer_id: str
    kind: Kind
    incident_id: str | None
    ticket_id: str | None
    status: Status
    reason: str | None  # why suppressed or failed
    channel: str | None
    about_at: datetime  # since when it is true
    created_at: datetime
    sent_at: datetime | None  # handed to a provider and not refused
    settled_at: datetime | None
    told_with: str | None  # the notification in whose message it is told; null: it has one of its own
    evidence: dict[str, Any] | None  # why this customer
    why: dict[str, Any] | None  # the figures of the last decision
    tries: int
    attempts: list[dict[str, Any]]  # the last fifty


@router.get("/notifications")
async def list_notifications(
    database: Db,
    customer_id: Name | None = None,
    incident_id: Name | None = None,
    status: Status | None = None,
    reason: Reason | Refusal | None = None,
    kind: Kind | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Cursor = None,
) -> Page[NotificationView]:
    """Returns notifications, newest first."""
    async with database.transaction() as tx:
        return await page_of(
            tx,
            queries.notifications,
            customer_id,
            incident_id,
            status,
            reason,
            kind,
            *timed_position(cursor),
            limit=limit,
            view=lambda row: NotificationView(**row),
            position=lambda item: f"{item.created_at.isoformat()} {item.id}",
        )


@router.get("/notifications/{notification_id}", response_model=NotificationView, responses=NO_NOTIFICATION)
async def get_notification(notification_id: Name, database: Db) -> NotificationView:
    """Returns one notification, with every try and the figures of the decision."""
    async with database.connection() as tx:
        row = await tx.fetchrow(queries.notification, notification_id)
    if row is None:
        raise Problem(404, "there is no such notification")
    return NotificationView(**row)
