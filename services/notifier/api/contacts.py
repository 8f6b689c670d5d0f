"""Agents ask where a customer can be reached; an operator clears the mark of an address that a provider called unknown."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.notifier.acts.unmarking import take_back
from services.notifier.audience import trimmed
from services.notifier.store import directory
from shared.answers import Cursor, Name, Page, page_of
from shared.api import Caller, Db, Problem, Role, allow, numbered_position
from shared.events.lines import Line
from shared.postgres import Tx

NO_CUSTOMER: dict[int | str, dict[str, Any]] = {404: {"description": "the directory does not know this customer"}}
NO_ADDRESS: dict[int | str, dict[str, Any]] = {404: {"description": "the directory does not know this customer, or this address of theirs"}}

router = APIRouter(prefix="/v1/customers/{customer_id}/contacts", tags=["notifier"])


class ContactView(BaseModel):
    """One address of a customer."""

    place: int  # from 1, in the order the product gave
    channel: str
    address: str
    role: str
    bad: bool  # a provider said that it does not exist; it is not tried while that stands
    since: datetime | None  # when the provider said so
    detail: str | None  # the provider's codes


class Mark(BaseModel):
    """The body names the address whose mark is wrong. It stands in the body because access logs keep URLs."""

    address: Annotated[str, Field(min_length=1, max_length=320)]
    reason: Annotated[str, Field(max_length=500, description="why; colleagues read it"), Line(500)] = ""


@router.get("", responses=NO_CUSTOMER, dependencies=[allow(Role.AGENT)])
async def list_contacts(
    customer_id: Name, database: Db, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> Page[ContactView]:
    """Returns a customer's addresses, and which of them are marked as bad."""
    async with database.transaction() as tx:
        return await _contacts(tx, customer_id, numbered_position(cursor), limit)


@router.post("/clear-mark", responses=NO_ADDRESS)
async def clear_mark(customer_id: Name, mark: Mark, database: Db, who: Annotated[Caller, allow(Role.OPERATOR)]) -> Page[ContactView]:
    """Lets an address be tried again; what could not be brought there is told after all while its incident goes on.

    Answers with the first page of the customer's addresses.
    """
    address = trimmed(mark.address)
    async with database.transaction() as tx:
        # A new fact about the customer locks the row, too: no try settles unseen meanwhile.
        known = (await directory.customers(tx, [customer_id])).get(customer_id)
        if known is None or address not in {contact.address for contact in known.contacts}:
            raise Problem(404, "the directory does not know this customer, or this address of theirs")
        await take_back(tx, customer_id, address, who.person, mark.reason)
        return await _contacts(tx, customer_id, None, 100)


async def _contacts(tx: Tx, customer_id: str, after: int | None, limit: int) -> Page[ContactView]:
    if not await tx.fetchval(directory.queries.knows, customer_id):
        raise Problem(404, "the directory does not know this customer")
    return await page_of(
        tx,
        directory.queries.contacts_of,
        customer_id,
        after,
        limit=limit,
        view=lambda row: ContactView(**row),
        position=lambda item: str(item.place),
    )
