"""monitor over HTTP: people read by which names a customer goes in events."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from services.monitor.store.aliases import customers_called, queries
from shared.api import Db, Role, allow

router = APIRouter()


class NameView(BaseModel):
    """One other name of a customer."""

    alias: str
    named: str  # the customer whom the claim named: it may be another name of this one
    said_by: str  # customers: customers.v1; events: an event that identifies somebody
    said_at: datetime
    since: datetime | None  # when another customer had it before: until then its events were theirs


class NamesView(BaseModel):
    """The names of one customer, the 500 said last. Incidents, risks and notifications name the customer by the id alone."""

    customer_id: str
    names: list[NameView]


@router.get("/customers/{name:path}/names", dependencies=[allow(Role.AGENT)], tags=["customers' data"])
async def read_names(name: Annotated[str, Path(min_length=1, max_length=255, pattern="^[^\x00]+$")], database: Db) -> NamesView:
    """Says whose this name is, and by which others that customer goes. A name that nobody has claimed is a customer's own id."""
    async with database.connection() as connection:
        customer_id = (await customers_called(connection, [name]))[name]
        rows = await connection.fetch(queries.names_of, customer_id)
    return NamesView(customer_id=customer_id, names=[NameView(**dict(row)) for row in rows])
