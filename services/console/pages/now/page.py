"""Draws what is going on: open incidents, what waits in the queue, what needs a look, and how the loop did lately."""

from pathlib import Path

from fastapi import APIRouter, Request, Response

from services.console.acting.watching import CONSENT
from services.console.frame.drawing import draw
from services.console.frame.standing import MANY, at_most, shown
from services.console.measures.registry import MEASURES
from services.console.measures.words import in_words
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from services.console.store import measures
from services.console.store.measures import Counted
from services.console.store.moments import rows
from shared.api import Db
from shared.postgres import Queries

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(dependencies=[allow(Role.VIEWER)])

NEWEST = 50
STRIP = ("coverage", "lead_time_p50", "complaint_rate", "human_response_p50", "automatic_response_p50", "false_alarms")


@router.get("/")
async def show(request: Request, database: Db) -> Response:
    """Shows the newest open incidents, the heads of the queue, troubles and measures: as many statements whatever there is."""
    async with database.connection() as tx:
        incidents = await tx.fetch(queries.open_incidents, NEWEST, MANY + 1)
        queue = await tx.fetch(queries.queue)
        (troubles,) = await tx.fetch(queries.troubles, MANY + 1)
        kept = await measures.kept(tx)
    return draw(
        request,
        "now/page.html",
        live=("incidents", "tickets", "health", CONSENT),
        incidents=shown(incidents),
        open=incidents[0]["open"] if incidents else 0,
        queue=queue,
        troubles=troubles,
        silent_incidents=rows(troubles["silent_incidents"]),
        at_most=at_most,
        strip=_strip(next(iter(kept.values()), None)),
        nothing="No incident is open. One appears when enough customers fail at the same thing.",
    )


def _strip(counted: Counted | None) -> list[tuple[str, str, str]]:
    """Returns title, sentence and figure of each measure on the strip, of the shortest period; nothing before the first count."""
    if counted is None:
        return []
    named = {each.name: each for each in MEASURES}
    return [(named[name].title, named[name].sentence, in_words(counted.figures.get(name), named[name].unit)) for name in STRIP]
