"""What agents ask: what a customer was told and why, or why not; who the customer is, and what they chose."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.notifier.notification import Kind, Status
from services.notifier.store import queries
from shared.answers import Cursor, Name, Page, page_of
from shared.api import Db, Problem, Role, allow, timed_position
from shared.postgres import Tx, plan_for_values

NO_NOTIFICATION: dict[int | str, dict[str, Any]] = {404: {"description": "there is no such notification"}}
NO_CUSTOMER: dict[int | str, dict[str, Any]] = {404: {"description": "the directory does not know this customer"}}
ERASED: dict[int | str, dict[str, Any]] = {**NO_CUSTOMER, 409: {"description": "the customer is erased"}}

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
    evidence: dict[str, Any] | None  # why this customer
    why: dict[str, Any] | None  # the figures of the last decision
    tries: int
    attempts: list[dict[str, Any]]  # the last fifty


class CustomerView(BaseModel):
    """What the directory knows of a customer."""

    id: str
    name: str
    account: str | None
    tier: str | None
    locale: str
    timezone: str
    contacts_in_all: int
    contacts: list[dict[str, Any]]  # the first hundred; `/contacts` lists all
    consent: dict[str, bool]  # of a hundred purposes at most
    bad_addresses: list[str]  # a provider said that they do not exist: the latest hundred
    updated_at: datetime
    erased_at: datetime | None


class PreferencesView(BaseModel):
    """What the customer chose; null: as the product's own systems say."""

    incident: bool | None = None
    guidance: bool | None = None


@router.get("/notifications")
async def list_notifications(
    database: Db,
    customer_id: Name | None = None,
    incident_id: Name | None = None,
    status: Status | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Cursor = None,
) -> Page[NotificationView]:
    """Notifications, newest first."""
    async with database.transaction() as tx:
        await plan_for_values(tx)
        return await page_of(
            tx,
            queries.notifications,
            customer_id,
            incident_id,
            status,
            *timed_position(cursor),
            limit=limit,
            view=lambda row: NotificationView(**row),
            position=lambda item: f"{item.created_at.isoformat()} {item.id}",
        )


@router.get("/notifications/{notification_id}", response_model=NotificationView, responses=NO_NOTIFICATION)
async def get_notification(notification_id: Name, database: Db) -> NotificationView:
    """One notification, with every try and the figures of the decision."""
    async with database.connection() as tx:
        row = await tx.fetchrow(queries.notification, notification_id)
    if row is None:
        raise Problem(404, "there is no such notification")
    return NotificationView(**row)


@router.get("/customers/{customer_id}", response_model=CustomerView, responses=NO_CUSTOMER)
async def get_customer(customer_id: Name, database: Db) -> CustomerView:
    """A customer, as the product's systems describe them."""
    async with database.connection() as tx:
        return await _known(tx, customer_id)


@router.get("/customers/{customer_id}/preferences", response_model=PreferencesView, responses=NO_CUSTOMER)
async def get_preferences(customer_id: Name, database: Db) -> PreferencesView:
    """What the customer chose with us."""
    async with database.connection() as tx:
        await _known(tx, customer_id)
        row = await tx.fetchrow(queries.preferences, customer_id)
    return PreferencesView(**row) if row else PreferencesView()


@router.put("/customers/{customer_id}/preferences", response_model=PreferencesView, responses=ERASED)
async def put_preferences(customer_id: Name, preferences: PreferencesView, database: Db) -> PreferencesView:
    """Sets what the customer chose, as they told an agent. It counts from the next decision on."""
    async with database.transaction() as tx:
        if (await _known(tx, customer_id)).erased_at is not None:
            raise Problem(409, "the customer is erased: nothing about them may be kept")
        await tx.execute(queries.put_preferences, customer_id, preferences.incident, preferences.guidance)
    return preferences


async def _known(tx: Tx, customer_id: str) -> CustomerView:
    row = await tx.fetchrow(queries.customer_shown, customer_id)
    if row is None:
        raise Problem(404, "the directory does not know this customer")
    return CustomerView(**row)
