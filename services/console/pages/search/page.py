"""Finds what a text names, and leads there at once when that is one thing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Query, Request, Response

from services.console.frame.drawing import HEADERS, draw, prefix_of, sees_personal
from services.console.frame.words import LOOKS_PERSONAL, segment
from services.console.live.changes import ERASED
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.api import Db
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(dependencies=[allow(Role.VIEWER)])

PLACES = {"incident": "/incidents/", "ticket": "/tickets/", "customer": "/customers/"}
LONGEST = 200  # characters that are searched for
LOOKED_AT = 1000  # incidents, the latest, whose titles are looked through


@router.get("/search")
async def search(request: Request, database: Db, q: Annotated[str, Query(max_length=10_000)] = "") -> Response:
    """Leads to the one thing that the text names, or lists what it may mean. Personal texts find nothing for who may not see them."""
    text = " ".join(q.replace("\0", "").split())[:LONGEST]
    sees = sees_personal(request)
    async with database.connection() as tx:
        exact = await _exact(tx, text, sees=sees) if text else []
        titled = await tx.fetch(queries.incidents_titled, text, LOOKED_AT) if text and len(exact) != 1 else []
    if len(exact) == 1:
        return Response(status_code=303, headers=HEADERS | {"Location": prefix_of(request.app.state.settings) + _path(exact[0])})
    known = {row["id"] for row in exact}
    found = [*exact, *(row for row in titled if row["id"] not in known)]
    return draw(request, "search/page.html", live=(ERASED,), q=text, found=found, looked_at=LOOKED_AT)


async def _exact(tx: Tx, text: str, *, sees: bool) -> Sequence[asyncpg.Record]:
    if LOOKS_PERSONAL.search(text) and not sees and not text.isdigit():
        return []
    number = text.removeprefix("#")
    return await tx.fetch(queries.found, text, int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None, sees)


def _path(row: asyncpg.Record) -> str:
    return PLACES[row["kind"]] + segment(row["number"] if row["kind"] == "ticket" else row["id"])
