"""People stop what we would say, and let it go on: everything, one rule or one channel; or have it rehearsed in a dry run."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, model_validator

from services.notifier.acts.switching import turn
from services.notifier.permission import Mode, Scope, Switch
from services.notifier.store.switches import queries
from shared.answers import Cursor, Name, Page, page_of
from shared.api import Body, Caller, Db, Role, allow, numbered_position
from shared.events.lines import Line
from shared.postgres import Tx

router = APIRouter(prefix="/v1/switches", tags=["consent"])

Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S", description="why; colleagues read it"), Line(500)]


class SwitchView(BaseModel):
    """A switch that is thrown."""

    scope: Scope
    name: str  # of the rule or the channel; empty: all
    mode: Mode
    reason: str
    by: str  # `forewarn`: a brake
    why: Mapping[str, Any]  # the figures of a brake
    at: datetime


class SwitchesView(BaseModel):
    """The switches that are thrown, the latest hundred."""

    items: list[SwitchView]


class Turning(Body):
    """A person throws or releases a switch."""

    scope: Scope
    name: Annotated[str, Field(max_length=255), Line(255)] = ""
    mode: Mode = Mode.OFF
    thrown: Annotated[bool, Field(description="true stops; false lets go on")]
    reason: Reason

    @model_validator(mode="after")
    def _names_what_it_stops(self) -> "Turning":
        if (self.scope is Scope.ALL) != (not self.name):
            raise ValueError("a rule or a channel has a name; all has none")
        if self.mode is Mode.BRAKE and (self.thrown or self.scope is not Scope.RULE):
            raise ValueError("a brake is thrown by Forewarn, for a rule; people release it")
        return self


class LogView(BaseModel):
    """What somebody did about consent."""

    id: int
    at: datetime
    by: str
    act: str
    subject: str
    reason: str
    figures: Mapping[str, Any]


@router.get("", dependencies=[allow(Role.AGENT)])
async def list_switches(database: Db) -> SwitchesView:
    """Returns the switches that are thrown; none: everything goes on."""
    async with database.connection() as tx:
        return await _thrown(tx)


@router.put("")
async def put_switch(database: Db, who: Annotated[Caller, allow(Role.OPERATOR)], said: Turning) -> SwitchesView:
    """Throws a switch, or releases it, from the next decision on. Nothing is lost: what is held is decided anew when it is released."""
    async with database.transaction() as tx:
        await turn(tx, Switch(said.scope, said.name, said.mode, said.reason, who.person), thrown=said.thrown)
        return await _thrown(tx)


@router.get("/log", dependencies=[allow(Role.AGENT)])
async def list_log(
    database: Db,
    subject: Annotated[Name | None, Query(description="`all`, `rule …`, `channel …` or `gate …`")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Cursor = None,
) -> Page[LogView]:
    """Returns who did what about switches, steps and approvals, and why; the latest first."""
    async with database.transaction() as tx:
        return await page_of(
            tx,
            queries.logged,
            subject,
            numbered_position(cursor),
            limit=limit,
            view=lambda row: LogView(**row),
            position=lambda item: str(item.id),
        )


async def _thrown(tx: Tx) -> SwitchesView:
    return SwitchesView(items=[SwitchView(**row) for row in await tx.fetch(queries.switches)])
