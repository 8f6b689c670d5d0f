"""Where a customer can be reached, which of their addresses do not exist as a provider says, and how an operator contradicts it."""

from datetime import datetime
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.notifier import store
from services.notifier.addresses import contacts_changed
from services.notifier.audience import Contact, trimmed
from services.notifier.store import queries
from shared.api import Db, Problem, Role, allow
from shared.postgres import Tx

NO_CUSTOMER: dict[int | str, dict[str, Any]] = {404: {"description": "the directory does not know this customer"}}
NO_ADDRESS: dict[int | str, dict[str, Any]] = {404: {"description": "the directory does not know this customer, or this address of theirs"}}

router = APIRouter(prefix="/v1/customers/{customer_id}/contacts", tags=["notifier"])


class ContactView(BaseModel):
    """One address of a customer."""

    channel: str
    address: str
    role: str
    bad: bool  # a provider said that it does not exist; it is not tried while that stands
    since: datetime | None  # when the provider said so
    detail: str | None  # the provider's codes


class Contacts(BaseModel):
    items: list[ContactView]


class Mark(BaseModel):
    """The address that is right all the same. It stands in the body because access logs keep URLs."""

    address: Annotated[str, Field(min_length=1, max_length=320)]


@router.get("", response_model=Contacts, responses=NO_CUSTOMER, dependencies=[allow(Role.AGENT)])
async def list_contacts(customer_id: str, database: Db) -> Contacts:
    """A customer's addresses, and which of them are marked as bad."""
    async with database.connection() as tx:
        return await _contacts(tx, customer_id)


@router.post("/clear-mark", response_model=Contacts, responses=NO_ADDRESS, dependencies=[allow(Role.OPERATOR)])
async def clear_mark(customer_id: str, mark: Mark, database: Db) -> Contacts:
    """Lets an address be tried again; what could not be brought there is told after all while its incident goes on."""
    address = trimmed(mark.address)
    async with database.transaction() as tx:
        await store.customer(tx, customer_id, lock=True)  # as a new fact about the customer does: no try settles unseen meanwhile
        if address not in {contact.address for contact in (await _contacts(tx, customer_id)).items}:
            raise Problem(404, "the customer has no such address")
        await tx.execute(queries.clear_mark, customer_id, address)
        await contacts_changed(tx, [customer_id])
        return await _contacts(tx, customer_id)


async def _contacts(tx: Tx, customer_id: str) -> Contacts:
    known = await store.customer(tx, customer_id)
    if known is None:
        raise Problem(404, "the directory does not know this customer")
    marks = {row["address"]: row for row in await tx.fetch(queries.marks, customer_id)}
    return Contacts(items=[_view(contact, marks.get(contact.address)) for contact in known.contacts])


def _view(contact: Contact, mark: asyncpg.Record | None) -> ContactView:
    said = {"since": mark["since"], "detail": mark["detail"]} if mark else {"since": None, "detail": None}
    return ContactView(channel=contact.channel, address=contact.address, role=contact.role, bad=mark is not None, **said)
