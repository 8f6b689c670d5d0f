"""Agents ask who a customer is, and read and set what the customer chose."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from services.notifier.store.directory import queries
from shared.answers import Name
from shared.api import Db, Problem, Role, allow
from shared.erasing import erased_at
from shared.postgres import Tx

NO_CUSTOMER: dict[int | str, dict[str, Any]] = {404: {"description": "the directory does not know this customer"}}
ERASED: dict[int | str, dict[str, Any]] = {**NO_CUSTOMER, 409: {"description": "the customer is erased"}}

router = APIRouter(prefix="/v1", tags=["notifier"], dependencies=[allow(Role.AGENT)])


class CustomerView(BaseModel):
    """One customer as the directory knows them."""

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


class PreferencesView(BaseModel):
    """The customer's choices (consent); null: as the product's own systems say."""

    incident: bool | None = None
    guidance: bool | None = None


@router.get("/customers/{customer_id}", response_model=CustomerView, responses=NO_CUSTOMER)
async def get_customer(customer_id: Name, database: Db) -> CustomerView:
    """Returns a customer, as the product's systems describe them."""
    async with database.connection() as tx:
        return await _known(tx, customer_id)


@router.get("/customers/{customer_id}/preferences", response_model=PreferencesView, responses=NO_CUSTOMER)
async def get_preferences(customer_id: Name, database: Db) -> PreferencesView:
    """Returns what the customer chose with us."""
    async with database.connection() as tx:
        await _known(tx, customer_id)
        row = await tx.fetchrow(queries.preferences, customer_id)
    return PreferencesView(**row) if row else PreferencesView()


@router.put("/customers/{customer_id}/preferences", response_model=PreferencesView, responses=ERASED)
async def put_preferences(customer_id: Name, preferences: PreferencesView, database: Db) -> PreferencesView:
    """Sets what the customer chose, as they told an agent. It counts from the next decision on."""
    async with database.transaction() as tx:
        if await erased_at(tx, [customer_id]):
            raise Problem(409, "the customer is erased: nothing about them may be kept")
        await _known(tx, customer_id)
        await tx.execute(queries.put_preferences, customer_id, preferences.incident, preferences.guidance)
    return preferences


async def _known(tx: Tx, customer_id: str) -> CustomerView:
    row = await tx.fetchrow(queries.customer_shown, customer_id)
    if row is None:
        raise Problem(404, "the directory does not know this customer")
    return CustomerView(**row)
