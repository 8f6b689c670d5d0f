"""Serves one customer's data, on every service: all that it holds of them, and whether it has erased them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from shared.answers import PAGE, Cursor, Page
from shared.api import Body, Db, Problem, Role, allow, cursor_of, not_ours, position_of
from shared.erasing import SHARED, Personal, anybody_erased, erased_digests, erasure_of
from shared.postgres import Tx

# A row is cut where it is longer than any of ours is, in characters of JSON: one alone fits into an answer.
ROWS = """SELECT CASE WHEN length(row::text) <= 250000 THEN row ELSE jsonb_build_object('cut', left(row::text, 250000)) END AS row
    FROM (SELECT to_jsonb(one) AS row FROM ({}) AS one OFFSET $2) AS shown"""
RAW = "SELECT * FROM ({}) AS one OFFSET $2"

MOST = 5000  # customers looked for at once

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
CustomerId = Annotated[str, Path(min_length=1, max_length=255, pattern="^[^\x00]+$")]  # as facts may name them


class DataView(BaseModel):
    """Is one thing that the service holds of the customer: what kind of thing, and its row. A row that is very large is cut."""

    name: str
    row: dict[str, Any]


class DataPage(Page[DataView]):
    """Is one page of what one service holds of the customer."""

    service: str


class Find(Body):
    """Names customers to look for, each by the SHA-256 of the id, in hexadecimal."""

    digests: Annotated[list[Digest], Field(max_length=MOST)]


class Found(BaseModel):
    """Says which of them were erased here, and when. `anybody`: whether any customer was erased here at all."""

    service: str
    anybody: bool
    erased: dict[str, datetime]


class ErasureView(BaseModel):
    """Says that the customer was erased here: `fact` is the SHA-256 of the id of the fact that asked for it, in hexadecimal.

    `rows`: how many rows were deleted or blanked, by what they held. `pending` names what is still being erased.
    """

    service: str
    erased_at: datetime
    fact: str
    rows: dict[str, int]
    pending: list[str]


def customers_router(service: str, personal: Sequence[Personal]) -> APIRouter:
    """Makes the endpoints of this service."""
    router = APIRouter(prefix="/v1/customers", tags=["customers' data"], dependencies=[allow(Role.OPERATOR)])

    @router.get("/{customer_id:path}/data")
    async def export_data(
        customer_id: CustomerId, database: Db, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=500)] = 500
    ) -> DataPage:
        """Returns everything this service holds of a customer, in pages; an empty list when it holds nothing."""
        place = _place(cursor)
        async with database.transaction() as tx:
            page = await _page(tx, (*personal, *SHARED), customer_id, place, limit)
        return DataPage(service=service, items=page.items, next=page.next)

    @router.get("/{customer_id:path}/erasure", responses={404: {"description": "the customer was not erased here"}})
    async def read_erasure(customer_id: CustomerId, database: Db) -> ErasureView:
        """Says when and how this service erased the customer. 404 when it did not."""
        async with database.connection() as connection:
            erasure = await erasure_of(connection, personal, customer_id)
        if erasure is None:
            raise Problem(404, f"{service} has not erased this customer")
        return ErasureView(service=service, **asdict(erasure))

    return router


def erasures_router(service: str) -> APIRouter:
    """Makes the endpoint for those who show what others said, as the command line does with dead letters."""
    router = APIRouter(prefix="/v1/erasures", tags=["customers' data"], dependencies=[allow(Role.OPERATOR)])

    @router.post("/find")
    async def find_erasures(database: Db, which: Find) -> Found:
        """Says which of these customers were erased. It changes nothing, and the ids need not be told."""
        async with database.connection() as connection:
            anybody = await anybody_erased(connection)
            found = await erased_digests(connection, map(bytes.fromhex, which.digests)) if anybody else {}
        return Found(service=service, anybody=anybody, erased={digest.hex(): at for digest, at in found.items()})

    return router


def _place(cursor: str | None) -> tuple[int, int]:
    """Returns where a page begins: the kind of thing, and how many of its rows come before. Raises a 422 problem for a cursor of others."""
    kind, _, row = (position_of(cursor) or "0 0").partition(" ")
    if not (kind.isascii() and kind.isdigit() and row.isascii() and row.isdigit() and len(kind) < 4 and len(row) < 16):
        raise not_ours()
    return int(kind), int(row)


async def held_of(tx: Tx, personal: Sequence[Personal], customer_id: str, cursor: str | None) -> Page[DataView]:
    """Returns one page of all that the service holds of a customer, for its own use. `tx` must be a transaction."""
    return await _page(tx, (*personal, *SHARED), customer_id, _place(cursor), 500)


async def _page(tx: Tx, held: Sequence[Personal], customer_id: str, place: tuple[int, int], limit: int) -> Page[DataView]:
    """Returns at most `limit` rows and half a mebibyte from the place on, and one at least if there is one."""
    items: list[DataView] = []
    size, (begin, before) = 0, place
    for kind, each in enumerate(held[begin:], begin):
        async for number, row in _rows(tx, each, customer_id, before if kind == begin else 0):
            item = DataView(name=each.name, row=row)
            size += len(item.model_dump_json().encode())
            if len(items) == limit or (items and size > PAGE):
                return Page(items=items, next=cursor_of(f"{kind} {number}"))
            items.append(item)
    return Page(items=items, next=None)


async def _rows(tx: Tx, each: Personal, customer_id: str, before: int) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    """Yields the rows of one kind with their numbers, from a number on."""
    query = (ROWS if each.shown is None else RAW).format(each.export)
    number = before
    async for row in tx.cursor(query, customer_id, before, prefetch=2):
        shown = row["row"] if each.shown is None else each.shown(row, customer_id)
        if shown is not None:
            yield number, dict(shown)
        number += 1
