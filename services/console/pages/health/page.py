"""Draws how the loop is, and lets what has stopped go on. Dead letters are shown and sent back by `letters.py`."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from services.console.acting.acts import Owner
from services.console.acting.outcome import Refused
from services.console.acting.performing import done_at, perform
from services.console.frame.drawing import draw
from services.console.measures.registry import MEASURES
from services.console.measures.words import in_words
from services.console.pages.health.asking import Asking
from services.console.pages.health.letters import router as letters_router
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from services.console.store import letters, measures
from shared.api import Db
from shared.postgres import Queries

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(dependencies=[allow(Role.VIEWER)])
router.include_router(letters_router)

Text = Annotated[str, Form(max_length=255)]


@router.get("/health")
async def show(request: Request) -> Response:
    """Shows services, streams, dead letters, due work, deliveries, people and measures."""
    return await _drawn(request)


@router.post("/health/release", dependencies=[allow(Role.OPERATOR)])
async def release(request: Request, service: Annotated[Owner, Form()], topic: Text, put_aside: Annotated[bool, Form()] = False) -> Response:
    """Lets a topic go on whose brake is on."""
    return await _acted(request, service, "release", {"topic": topic}, {"put_aside": put_aside}, f"stream:{service} {topic}")


@router.post("/health/retry", dependencies=[allow(Role.OPERATOR)])
async def retry(request: Request, service: Annotated[Owner, Form()], kind: Text) -> Response:
    """Has due work of one kind tried again that was put aside."""
    return await _acted(request, service, "retry", {}, {"kind": kind, "ref": None}, f"due:{service} {kind}")


@router.post("/health/publish", dependencies=[allow(Role.OPERATOR)])
async def publish(request: Request, service: Annotated[Owner, Form()], topic: Text) -> Response:
    """Sends again what the broker refused."""
    return await _acted(request, service, "publish", {}, {"topic": topic}, f"unpublished:{service} {topic}")


async def _acted(request: Request, service: Owner, act: str, where: dict[str, str], body: dict[str, Any], subject: str) -> Response:
    if service is Owner.CONSOLE:
        return await _drawn(request, Refused(422, "the console's own streams are released by `forewarn streams`"))
    outcome = await perform(request, f"{service}.{act}", where=where, body=body, subject=subject)
    _asking(request).forget()
    return await _drawn(request, outcome) if isinstance(outcome, Refused) else done_at(request, "/health")


def _asking(request: Request) -> Asking:
    state = request.app.state
    if not hasattr(state, "asking"):
        state.asking = Asking(state.owners)
    asking: Asking = state.asking
    return asking


async def _drawn(request: Request, refused: Refused | None = None) -> Response:
    services = await _asking(request).all()
    database: Db = request.app.state.database
    async with database.connection() as tx:
        kept = await measures.kept(tx)
        values: dict[str, Any] = {
            "letters": await letters.waiting(tx),
            "deliveries": await tx.fetch(queries.deliveries),
            "people": await tx.fetch(queries.people),
        }
    figures = [(each, [in_words(counted.figures.get(each.name), each.unit) for counted in kept.values()]) for each in MEASURES]
    status = refused.status if refused else 200
    values |= {
        "services": services,
        "figures": figures,
        "periods": list(kept),
        "measured_at": min((c.at for c in kept.values()), default=None),
    }
    return draw(request, "health/page.html", live=("health",), status=status, refused=refused.words if refused else "", **values)
