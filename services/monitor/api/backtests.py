"""Drafts of rules are tried on the past over HTTP: asked for, followed, and read."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, BaseModel, Field

from services.monitor.api.rules import Base, ChangeView, RulesText, read_rules, views
from services.monitor.past.trying import TRY
from services.monitor.ruling import Ruling, written
from services.monitor.store.backtests import queries
from shared.answers import Name
from shared.api import Body, Caller, Db, IdempotencyKey, Problem, Role, allow, once
from shared.configuration.files import ConfigError, PositiveDuration
from shared.postgres import Tx
from shared.timers import schedule

MOST_WAITING = 5
FURTHEST = timedelta(days=90)

Status = Literal["waiting", "running", "done", "failed"]


def _not_too_far(back: timedelta) -> timedelta:
    if back > FURTHEST:
        raise ValueError(f"at most {FURTHEST.days}d")
    return back


class Trial(Body):
    """Somebody asks what rules would have done."""

    rules: RulesText
    since: Annotated[PositiveDuration, AfterValidator(_not_too_far), Field(description="how far back, as 7d or 12h")] = timedelta(days=7)
    base: Base = 0


class BacktestView(BaseModel):
    """A draft that waits, is tried or was tried."""

    id: str
    base: int  # of the draft
    since_seconds: float  # how far back
    by: str
    asked_at: datetime
    status: Status
    done: int  # records read …
    size: int | None  # … of so many
    reason: str  # why it failed
    ended_at: datetime | None


class WholeBacktestView(BacktestView):
    """The same, with the draft, what becomes of each rule should it be published now, and what was found.

    `outcome` is what `forewarn backtest --json` prints, with customers as numbers, and beside it the figures of each rule.
    """

    rules: str
    changes: list[ChangeView]  # empty until it is done
    version: str  # of the rules in force now, against which `changes` says it
    outcome: dict[str, Any] | None


class BacktestsView(BaseModel):
    """What waits, is tried, and was tried of late."""

    items: list[BacktestView]


def backtests_router(ruling: Ruling) -> APIRouter:
    """Makes the endpoints about drafts that are tried beside the rules of this process."""
    router = APIRouter(prefix="/v1/backtests", tags=["rules"])

    @router.post("", status_code=202, response_model=BacktestView, responses={409: {"description": "too many wait already"}})
    async def try_rules(
        request: Request, database: Db, who: Annotated[Caller, allow(Role.OPERATOR)], said: Trial, key: IdempotencyKey = None
    ) -> Response:
        """Tries rules on the past, one draft after the other. 422 names each mistake with its line."""
        await read_rules(said.rules)
        return await once(request, database, key, lambda tx: _wait(tx, said, who.person), status=202)

    @router.get("", dependencies=[allow(Role.AGENT)])
    async def list_backtests(database: Db) -> BacktestsView:
        """Returns what waits and is tried, and the latest twenty that were."""
        async with database.connection() as connection:
            return BacktestsView(items=[BacktestView(**_fields(row)) for row in await connection.fetch(queries.list_backtests)])

    @router.get("/{backtest_id}", dependencies=[allow(Role.AGENT)], responses={404: {"description": "it is not there"}})
    async def read_backtest(database: Db, backtest_id: Name) -> WholeBacktestView:
        """Returns one of them: how far it is, or what was found."""
        async with database.connection() as connection:
            row = await connection.fetchrow(queries.backtest, backtest_id)
        if row is None:
            raise Problem(404, "there is no such backtest, or not any more")
        changes = await _changes(ruling, row["rules"]) if row["status"] == "done" else []
        return WholeBacktestView(**_fields(row), changes=changes, version=ruling.version)

    return router


async def _wait(tx: Tx, said: Trial, by: str) -> BacktestView:
    if await tx.fetchval(queries.waiting_backtests) >= MOST_WAITING:
        raise Problem(409, f"{MOST_WAITING} drafts wait to be tried already", headers={"Retry-After": "10"})
    await tx.execute(queries.forget_backtests)
    [row] = await tx.fetch(queries.add_backtest, str(uuid4()), said.rules, said.base, said.since, by)
    await schedule(tx, TRY, {row["id"]: row["asked_at"]})
    return BacktestView(**_fields(row))


async def _changes(ruling: Ruling, text: str) -> list[ChangeView]:
    """Returns what would become of each rule; nothing when this version does not read them any more, which publishing says."""
    try:
        return views(ruling.changes_to((await asyncio.to_thread(written, text, "rules.yml")).rules))
    except ConfigError:
        return []


def _fields(row: Any) -> dict[str, Any]:
    fields = dict(row)
    return fields | {"since_seconds": fields.pop("back").total_seconds()}
