"""Hands out all customers of one incident as CSV, for those who may, and writes down who took it.

They are read a thousand at a time, each from where the one before ended: memory stays flat, and a slow reader holds no transaction open.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from services.console.frame.drawing import HEADERS
from services.console.frame.reasons import in_short
from services.console.pages.affected.page import FIRST, incident_of, queries
from services.console.pages.affected.sheet import line
from services.console.sessions.auditing import noted
from services.console.sessions.roles import Role
from services.console.sessions.signed import Signed, allow
from services.console.store.audit import Entry
from shared.answers import Name
from shared.api import Db
from shared.postgres import Database

router = APIRouter()

AT_ONCE = 1000
COLUMNS = (
    "customer_id",
    "name",
    "certainty",
    "bad_events",
    "first_failure_at",
    "last_failure_at",
    "told_at",
    "channel",
    "not_told_because",
    "wrote_at",
    "ticket",
    "subject",
)


@router.get("/incidents/{incident_id}/affected.csv")
async def export(database: Db, incident_id: Name, signed: Annotated[Signed, allow(Role.LEAD)]) -> StreamingResponse:
    """Streams the incident's customers. What is taken is written down before the first byte leaves."""
    async with database.transaction() as tx:
        incident = await incident_of(tx, incident_id)
        after = {"rows": incident["affected"]}
        await noted(tx, Entry(signed.person, signed.role, "incident.export", f"incident:{incident_id}", after=after))
    name = f"affected-{''.join(each if each.isalnum() and each.isascii() else '-' for each in incident_id)[:64]}.csv"
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_sheet(database, incident_id), 200, headers, "text/csv; charset=utf-8")


async def _sheet(database: Database, incident_id: str) -> AsyncIterator[str]:
    yield line(COLUMNS)
    position: tuple[datetime, str] = FIRST
    while True:
        async with database.connection() as tx:
            found = await tx.fetch(queries.affected_all, incident_id, *position, AT_ONCE)
            customers = await tx.fetch(queries.affected_shown, incident_id, [row["customer_id"] for row in found])
        yield "".join(line(_cells(dict(customer))) for customer in customers)
        if len(found) < AT_ONCE:
            return
        position = found[-1]["first_seen_at"], found[-1]["customer_id"]


def _cells(row: Mapping[str, Any]) -> Sequence[object]:
    told = row["told_at"] is not None
    return (
        row["customer_id"],
        row["name"],
        row["certainty"],
        row["count"],
        row["first_seen_at"],
        row["last_seen_at"],
        row["told_at"],
        row["channel"] if told else None,
        None if told else in_short(row["untold_reason"]),
        row["wrote_at"],
        row["ticket"],
        row["subject"] if told else None,
    )
