"""People read whom what came back keeps from being told, and take a mark on an address back."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from services.notifier.acts.unmarking import take_back
from services.notifier.returning.marks import masked
from services.notifier.store.returned import queries
from shared.answers import Cursor, Name, Page, page_of
from shared.api import Body, Db, IdempotencyKey, Problem, Role, allow, caller_of, once, timed_position
from shared.events.lines import Line
from shared.postgres import Tx

NO_SUCH_MARK = Problem(404, "there is no such mark, or it was taken back")
NO_MARK: dict[int | str, dict[str, Any]] = {404: {"description": "there is no such mark, or it was taken back"}}

router = APIRouter(prefix="/v1/suppressions", tags=["notifier"])

Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S", description="why; colleagues read it"), Line(500)]


class SaidBy(StrEnum):
    """The evidence of a mark."""

    ANSWER = "answer"  # the provider said it when the message was handed over
    BOUNCE = "bounce"  # the message came back later


class MarkedView(BaseModel):
    """An address that is not used, since a provider said that it does not exist."""

    id: str  # of this entry
    customer_id: str
    address: str
    masked: str  # the address as it may be shown to whoever need not know it
    detail: str  # the provider's codes
    since: datetime
    said_by: SaidBy
    notification_id: str | None  # what came back


class ComplaintView(BaseModel):
    """A customer who called a notification spam, and is told nothing of its purpose since."""

    customer_id: str
    notification_id: str
    purpose: str
    feedback: str
    since: datetime


class TakingBack(Body):
    """Says why a mark is wrong."""

    customer_id: Name | None = Field(None, description="whose the address is; a mark of another customer is not found")
    reason: Reason


class TakenBack(BaseModel):
    """Says whose address is used again."""

    customer_id: str


@router.get("/addresses", dependencies=[allow(Role.AGENT)])
async def list_marked(database: Db, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> Page[MarkedView]:
    """Returns the addresses that are not used, the latest first.

    `POST /v1/suppressions/addresses/{mark_id}/take-back` takes a mark back.
    """
    async with database.transaction() as tx:
        return await page_of(
            tx,
            queries.marked,
            *timed_position(cursor),
            limit=limit,
            view=lambda row: MarkedView(**row, masked=masked(row["address"])),
            position=lambda item: f"{item.since.isoformat()} {item.id}",
        )


@router.get("/complaints", dependencies=[allow(Role.AGENT)])
async def list_complaints(database: Db, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> Page[ComplaintView]:
    """Returns the customers who called a notification spam, the latest first.

    `PUT /v1/customers/{customer_id}/preferences` lets them be told again, when they ask for it.
    """
    async with database.transaction() as tx:
        return await page_of(
            tx,
            queries.complaints,
            *timed_position(cursor),
            limit=limit,
            view=lambda row: ComplaintView(**row),
            position=lambda item: f"{item.since.isoformat()} {item.notification_id}",
        )


@router.post("/addresses/{mark_id}/take-back", response_model=TakenBack, responses=NO_MARK, dependencies=[allow(Role.OPERATOR)])
async def take_mark_back(mark_id: Name, said: TakingBack, request: Request, database: Db, key: IdempotencyKey = None) -> Response:
    """Lets an address be tried again, and notes who said so and why; who could not be told there is told while the incident goes on."""
    person = caller_of(request).person

    async def act(tx: Tx) -> TakenBack:
        marked = await tx.fetchrow(queries.mark, mark_id)
        if marked is None or said.customer_id not in (None, marked["customer_id"]):
            raise NO_SUCH_MARK
        if not await take_back(tx, marked["customer_id"], marked["address"], person, said.reason):
            raise NO_SUCH_MARK
        return TakenBack(customer_id=marked["customer_id"])

    return await once(request, database, key, act)
