"""Draws what is going on: open incidents, what waits in the queue."""

from pathlib import Path

from fastapi import APIRouter, Request, Response

from services.console.frame.drawing import draw
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.api import Db
from shared.postgres import Queries

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(dependencies=[allow(Role.VIEWER)])


@router.get("/")
async def show(request: Request, database: Db) -> Response:
    """Shows the open incidents, newest first."""
    async with database.connection() as tx:
        incidents = await tx.fetch(queries.open_incidents, 50)
    return draw(request, "now/page.html", live=("incidents", "tickets"), incidents=incidents)
