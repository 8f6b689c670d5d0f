"""Draws the maintenance that monitor knows, and lets an operator announce some or call it off."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from services.console.acting.acts import ACTS, Owner
from services.console.acting.outcome import Done, Refused
from services.console.acting.owners import Owners
from services.console.acting.performing import done_at, perform, texts_of
from services.console.frame.drawing import draw
from services.console.pages.maintenance.announcing import EMPTY, FIELDS, body_of
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow

router = APIRouter(dependencies=[allow(Role.VIEWER)])

PATIENCE_S = 1.5
LATEST = "/v1/maintenance?limit=50"
PERSON = "console"  # in whose name monitor is asked, since the answer is for whoever looks
MOMENTS = ("starts_at", "ends_at")
TEXTS = ("id", "title", "text", "status", "repeat", "zone", "by")


@router.get("/maintenance")
async def show(request: Request) -> Response:
    """Shows the latest maintenance, and the form of those who may announce some."""
    return await _drawn(request)


@router.post("/maintenance/announce", dependencies=[allow(Role.OPERATOR)])
async def announce(request: Request) -> Response:
    """Announces maintenance at monitor."""
    typed = {**EMPTY, **{name: text for name, text in (await texts_of(request)).items() if name in FIELDS}}
    body = body_of(typed)
    if isinstance(body, str):
        return await _drawn(request, Refused(422, body), typed)
    outcome = await perform(request, "maintenance.announce", where={}, body=body, subject="maintenance:new")
    return await _drawn(request, outcome, typed) if isinstance(outcome, Refused) else done_at(request, "/maintenance")


@router.post("/maintenance/cancel", dependencies=[allow(Role.OPERATOR)])
async def cancel(request: Request) -> Response:
    """Calls maintenance off at monitor, for good."""
    id_ = (await texts_of(request)).get("maintenance_id", "")
    outcome = await perform(request, "maintenance.cancel", where={"maintenance_id": id_}, body={}, subject=f"maintenance:{id_}")
    return await _drawn(request, outcome) if isinstance(outcome, Refused) else done_at(request, "/maintenance")


async def _drawn(request: Request, refused: Refused | None = None, typed: Mapping[str, str] = EMPTY) -> Response:
    owners: Owners = request.app.state.owners
    said = await owners.ask(Owner.MONITOR, "GET", LATEST, person=PERSON, within=PATIENCE_S)
    return draw(
        request,
        "maintenance/page.html",
        live=("maintenance",),
        status=refused.status if refused else 200,
        answers=isinstance(said, Done),
        listed=_listed(said.answer) if isinstance(said, Done) else [],
        refused=refused.words if refused else "",
        form=refused.form_id if refused else "",
        typed=typed,
        may_announce=request.state.signed.role.may(ACTS["maintenance.announce"].role),
    )


def _listed(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    items = said.get("items")
    return [_row(each) for each in items if isinstance(each, dict)] if isinstance(items, list) else []


def _row(said: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what is shown of one maintenance; a version of monitor that says less of it leaves gaps."""
    components, muted = said.get("components"), said.get("muted")
    return {
        **{name: str(said.get(name) or "") for name in TEXTS},
        **{name: _moment(said.get(name)) for name in MOMENTS},
        "components": [str(each) for each in components] if isinstance(components, list) else [],
        "muted": muted if isinstance(muted, int) else 0,
    }


def _moment(said: object) -> datetime | None:
    return datetime.fromisoformat(said) if isinstance(said, str) else None
