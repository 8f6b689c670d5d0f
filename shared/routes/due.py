"""Serves due work that was put aside, on every service: what it is and why, and the way to have it tried again."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from shared import due_aside
from shared.api import Db, IdempotencyKey, Role, allow, once
from shared.postgres import Database, Tx
from shared.timers import late


class AsideView(BaseModel):
    """Counts rows of one kind that raised the same.

    `refs` are the latest five; `reason` is an exception's class and where it was raised.
    """

    kind: str
    reason: str
    rows: int
    refs: list[str]
    since: datetime


class LateView(BaseModel):
    """Counts rows of one kind that are due by now and not done, up to 10,000; `since` is when the oldest became due."""

    kind: str
    rows: int
    since: datetime


class DueAside(BaseModel):
    """Lists what one service has put aside, the first hundred kinds and reasons; and what is due and waits for a worker."""

    service: str
    aside: list[AsideView]
    late: list[LateView] = []


class Retry(BaseModel):
    """Selects the rows: of a kind, with a ref, or all when neither is named."""

    kind: str | None = None
    ref: str | None = None


class Retried(BaseModel):
    rows: int


def due_router(service: str) -> APIRouter:
    """Makes the endpoints of this service."""
    router = APIRouter(prefix="/v1/due", tags=["due work"], dependencies=[allow(Role.OPERATOR)])

    @router.get("")
    async def list_aside(database: Db) -> DueAside:
        """Lists work that raised again and again, and waits for the cause to be mended; and work that is due and not done yet."""
        return await due_of(database, service)

    @router.post("/retry", response_model=Retried)
    async def retry(request: Request, database: Db, which: Retry, idempotency_key: IdempotencyKey = None) -> Response:
        """Has work tried again that was put aside, after the cause is mended."""

        async def act(tx: Tx) -> Retried:
            return Retried(rows=await due_aside.retry(tx, which.kind, which.ref))

        return await once(request, database, idempotency_key, act)

    return router


async def due_of(database: Database, service: str) -> DueAside:
    """Returns what the service has put aside, and what it is late with."""
    async with database.connection() as connection:
        aside = [AsideView(**dict(row)) for row in await due_aside.waiting(connection)]
        behind = [LateView(**dict(row)) for row in await late(connection)]
    return DueAside(service=service, aside=aside, late=behind)
