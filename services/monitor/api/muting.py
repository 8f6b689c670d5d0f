"""monitor over HTTP: people read which trouble opened no incident, since an open one of what it hangs on muted it."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from services.monitor.store.incidents import queries as incidents
from services.monitor.store.muting import queries
from shared.answers import Name, page_of
from shared.api import Db, Problem, Role, allow
from shared.events import Severity
from shared.postgres import Tx

router = APIRouter(prefix="/incidents", tags=["incidents"])

SHOWN = 100  # of what one maintenance, or one incident, muted: the latest


class MutedView(BaseModel):
    """Trouble that opened no incident, with the figures when it was seen last. All times are event time."""

    rule: str
    component: str
    severity: Severity
    title: str
    started_at: datetime  # its first bad event, when it was seen first
    first_at: datetime
    last_at: datetime
    why: dict[str, Any]


class MutedList(BaseModel):
    """The trouble that one incident muted, the latest first; of much the latest alone, 100 at most."""

    items: list[MutedView]
    next: None = None


@router.get("/{incident_id}/muted", dependencies=[allow(Role.AGENT)], responses={404: {"description": "there is no such incident"}})
async def list_muted(database: Db, incident_id: Name) -> MutedList:
    """Returns what opened no incident, since its component hangs on this incident's, by catalog.yml. 404 when there is no such one."""
    async with database.transaction() as tx:
        if await tx.fetchrow(incidents.incident, incident_id) is None:
            raise Problem(404, "there is no such incident")
        return MutedList(items=await muted_by(tx, incident_id))


async def muted_by(tx: Tx, by_id: str) -> list[MutedView]:
    """Returns the latest trouble that one maintenance, or one incident, muted, as much as an answer has. `tx` must be a transaction."""
    page = await page_of(tx, queries.muted_by, by_id, limit=SHOWN, view=lambda row: MutedView(**row), position=lambda each: each.rule)
    return page.items
