"""Draws what was corrected of an incident, and takes a correction in two steps: for how many it is stands before it is sent."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response

from services.console.acting.outcome import Done, Refused
from services.console.acting.performing import perform, texts_of
from services.console.frame.answers import listed, moment, text, whole
from services.console.frame.drawing import draw
from services.console.frame.words import segment
from services.console.pages.notifier import changed_at, of_notifier
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.answers import Name
from shared.api import Db, Problem
from shared.postgres import Database, Queries

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(dependencies=[allow(Role.OPERATOR)])

MOST = 1_000_000  # customers that notifier counts


@router.get("/incidents/{incident_id}/correction")
async def show(request: Request, database: Db, incident_id: Name) -> Response:
    """Shows how many were told of the incident, earlier corrections, and the form for another. 404 when there is no such incident."""
    return await _drawn(request, database, incident_id)


@router.post("/incidents/{incident_id}/correction/confirm")
async def confirm(request: Request, database: Db, incident_id: Name) -> Response:
    """Shows the words, and to how many they go; nothing is sent yet."""
    typed = _typed(await texts_of(request))
    if not typed["subject"].strip() or not typed["words"].strip():
        return await _drawn(request, database, incident_id, Refused(422, "Write a subject, and what is right."), typed)
    return await _drawn(request, database, incident_id, typed=typed, asks=True)


@router.post("/incidents/{incident_id}/correction/send")
async def send(request: Request, database: Db, incident_id: Name) -> Response:
    """Has exactly those told who were told of the incident, once each; the same words again tell nobody."""
    typed = _typed(await texts_of(request))
    outcome = await perform(request, "incident.correct", where={"incident_id": incident_id}, body=typed, subject=f"incident:{incident_id}")
    if isinstance(outcome, Refused):
        return await _drawn(request, database, incident_id, outcome, typed, asks=True)
    return await changed_at(request, f"/incidents/{segment(incident_id)}/correction")


def _typed(form: Mapping[str, str]) -> dict[str, str]:
    return {"subject": form.get("subject", ""), "words": form.get("words", "").replace("\r\n", "\n")}


async def _drawn(
    request: Request,
    database: Database,
    incident_id: str,
    refused: Refused | None = None,
    typed: Mapping[str, str] | None = None,
    *,
    asks: bool = False,
) -> Response:
    """Draws the page; `asks`: with the second step."""
    async with database.connection() as tx:
        incident = await tx.fetchrow(queries.corrected_incident, incident_id)
    if incident is None:
        raise Problem(404, "there is no such incident")
    said = await of_notifier(request, f"/v1/incidents/{segment(incident_id)}/corrections")
    answer = said.answer if isinstance(said, Done) else {}
    told = answer.get("told")
    return draw(
        request,
        "correction/page.html",
        live=(f"incident:{incident_id}",),
        status=refused.status if refused else 200,
        incident=incident,
        answers=isinstance(said, Done),
        told=told if isinstance(told, int) else None,
        many=MOST,
        corrections=[_correction(each) for each in listed(answer, "items")],
        refused=refused,
        typed=typed or {"subject": "", "words": ""},
        asks=asks,
    )


def _correction(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: text(said, name) for name in ("subject", "body", "by")},
        "at": moment(said, "at"),
        "customers": whole(said, "customers"),
        "done": said.get("done") is True,
    }
