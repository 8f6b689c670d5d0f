"""Draws how the loop is, and lets what has stopped go on. Dead letters are shown and sent back by `letters.py`."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from services.console.acting.acts import Owner
from services.console.acting.outcome import Done, Refused
from services.console.acting.performing import done_at, perform, perform_here
from services.console.frame.drawing import draw
from services.console.measures.registry import MEASURES
from services.console.measures.words import in_words
from services.console.pages.health.asking import Asking, own
from services.console.pages.health.letters import router as letters_router
from services.console.pages.health.tokens import tokens_in
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from services.console.store import letters, measures
from shared import due_aside
from shared.outgoing import unpublished
from shared.postgres import Database, Queries
from shared.streaming import brake

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
        outcome = await perform_here(request, f"{service}.{act}", partial(_own_act, request, act, where | body), subject=subject)
    else:
        outcome = await perform(request, f"{service}.{act}", where=where, body=body, subject=subject)
    _asking(request).forget()
    return await _drawn(request, outcome) if isinstance(outcome, Refused) else done_at(request, "/health")


async def _own_act(request: Request, act: str, said: dict[str, Any], _form_id: str) -> Done | Refused:
    """Does what the owners' REST does, for the console's own streams and due work."""
    database: Database = request.app.state.database
    async with database.transaction() as tx:
        if act == "retry":
            return Done({"rows": await due_aside.retry(tx, said["kind"], None)})
        if act == "publish":
            return Done({"rows": await unpublished.send_again(tx, said["topic"])})
        way = brake.Release.PUT_ASIDE if said["put_aside"] else brake.Release.RETRY
        partitions = await brake.release(tx, Owner.CONSOLE, said["topic"], way)
    topic = said["topic"]
    return Done({"topic": topic, "partitions": partitions}) if partitions else Refused(409, f"The brake of {topic} is not on.")


def _asking(request: Request) -> Asking:
    state = request.app.state
    if not hasattr(state, "asking"):
        state.asking = Asking(state.owners)
    asking: Asking = state.asking
    return asking


async def _drawn(request: Request, refused: Refused | None = None) -> Response:
    database: Database = request.app.state.database
    services = [await own(database, request.app.state.streams), *await _asking(request).all()]
    async with database.connection() as tx:
        kept = await measures.kept(tx)
        values: dict[str, Any] = {
            "letters": await letters.waiting(tx),
            "deliveries": await tx.fetch(queries.deliveries),
            "people": await tx.fetch(queries.people),
        }
    values["tokens"] = await tokens_in(request.app.state.settings.tokens_file)
    figures = [(each, [in_words(counted.figures.get(each.name), each.unit) for counted in kept.values()]) for each in MEASURES]
    status = refused.status if refused else 200
    values |= {
        "services": services,
        "figures": figures,
        "periods": list(kept),
        "measured_at": min((c.at for c in kept.values()), default=None),
    }
    return draw(request, "health/page.html", live=("health",), status=status, refused=refused.words if refused else "", **values)
