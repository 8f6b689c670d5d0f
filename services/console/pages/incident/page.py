"""Draws one incident, and takes a person's word on it: who has it, how it stands, whom it touches, and that it is over or was none."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, get_args

import asyncpg
from fastapi import APIRouter, Request, Response

from services.console.acting.acts import ACTS
from services.console.acting.outcome import Refused
from services.console.acting.performing import done_at, perform, texts_of
from services.console.frame import charts, evidence
from services.console.frame.drawing import draw
from services.console.frame.reasons import REASONS, in_short
from services.console.frame.standing import MANY, standing
from services.console.frame.words import segment
from services.console.measures.figures import share
from services.console.pages.incident.forms import FORMS
from services.console.pages.incident.muted import muted_by
from services.console.pages.incident.timeline import Happened, timeline
from services.console.sessions.roles import Role
from services.console.sessions.signed import Signed, allow
from services.console.store import awaited
from services.console.store.measures import reach_of
from services.console.store.moments import moments
from shared.answers import Name
from shared.api import Db, Problem
from shared.events import Severity
from shared.postgres import Database, Queries, Tx

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(dependencies=[allow(Role.VIEWER)])

UNDECIDED = ""  # the reason of those about whom nothing is said yet
LATEST = 300, 1000, 3000  # of monitor's facts, of other services' facts, of seconds: so many are put into a time line
TICKETS = 20
PARTS = 20  # incidents that were split from it
OTHERS = 50  # open incidents into which one may be merged
STILL_OPEN = ("acknowledged", "merged")  # words of monitor's answers for what is open, and something more
STATES = ("open", "in_progress", "waiting", "resolved", "closed")


@router.get("/incidents/{incident_id}")
async def show(request: Request, database: Db, incident_id: Name) -> Response:
    """Shows one incident. 404 when there is none."""
    return await _page(request, database, incident_id)


@router.post("/incidents/{incident_id}/acknowledge")
async def acknowledge(
    request: Request,
    database: Db,
    incident_id: Name,
    signed: Annotated[Signed, allow(Role.AGENT)],  # noqa: ARG001  who may is said here
) -> Response:
    """A person takes the incident."""
    return await _act(request, database, incident_id, "acknowledge")


@router.post("/incidents/{incident_id}/{act}")
async def act(
    request: Request,
    database: Db,
    incident_id: Name,
    act: str,
    signed: Annotated[Signed, allow(Role.LEAD)],  # noqa: ARG001  who may is said here
) -> Response:
    """Does with the incident what a form of its page asks for."""
    if act not in FORMS:
        raise Problem(404, "there is no such form on an incident")
    return await _act(request, database, incident_id, act)


async def _act(request: Request, database: Database, incident_id: str, form: str) -> Response:
    typed = {name: value.replace("\r\n", "\n") for name, value in (await texts_of(request)).items()}
    async with database.connection() as tx:
        row = await _row(tx, incident_id)
    act, body = FORMS[form](typed)
    before = {each: row[each] for each in ("status", "severity", "affected")}
    outcome = await perform(request, act, where={"incident_id": incident_id}, body=body, subject=f"incident:{incident_id}", before=before)
    if isinstance(outcome, Refused):
        return await _page(request, database, incident_id, outcome, form, typed)
    return done_at(request, f"/incidents/{segment(incident_id)}")


async def _page(
    request: Request,
    database: Db,
    incident_id: str,
    refused: Refused | None = None,
    act: str = "",
    typed: Mapping[str, str] | None = None,
) -> Response:
    may, typed = request.state.signed.role.may, typed or {"tell": "true"}
    asking = asyncio.create_task(muted_by(request, incident_id))
    try:
        async with database.transaction() as tx:
            incident = await _row(tx, incident_id)
            happened = await tx.fetch(queries.happened_to_incident, incident_id, *LATEST)
            tickets = await tx.fetch(queries.tickets_of_incident, incident_id, STATES, TICKETS)
            reach = await reach_of(tx, incident_id)
            parts = await tx.fetch(queries.split_from, incident_id, PARTS)
            others = await tx.fetch(queries.others_open, incident_id, OTHERS)
        muted = await asking
    finally:
        asking.cancel()
    return draw(
        request,
        "incident/page.html",
        live=(f"incident:{incident_id}",),
        status=refused.status if refused else 200,
        incident=incident,
        standing=standing(incident),
        figures=evidence.figures(incident["why"]),
        chart=_chart(happened),
        entries=timeline(Happened(*row) for row in happened),
        cut=_cut(happened),
        untold=_untold(incident),
        many=MANY,
        in_short=in_short,
        tickets=tickets,
        reach=reach,
        complaint_rate=_percent(share(reach.wrote, reach.affected) if reach else None),
        coverage=_percent(share(reach.told_first, reach.affected) if reach else None),
        public=_public(incident["public"]),
        others=others,
        parts=parts,
        muted=muted,
        severities=get_args(Severity),
        may_take=may(ACTS["incident.acknowledge"].role),
        may_steer=may(ACTS["incident.resolve"].role),
        refused=refused,
        act=act,
        typed=typed,
    )


async def _row(tx: Tx, incident_id: str) -> dict[str, Any]:
    """Returns the incident, as monitor has answered where that is newer than what is heard. Raises a 404 problem when there is none."""
    row = await tx.fetchrow(queries.one_incident, incident_id, [UNDECIDED, *REASONS], MANY + 1)
    if row is None:
        raise Problem(404, "there is no such incident")
    shown = awaited.merged(dict(row), row["answers"] or (), "revision")
    shown["candidate"] = None if row["candidate"] is None else moments(row["candidate"])
    return shown | {"status": "open"} if shown["status"] in STILL_OPEN else shown


def _chart(happened: Sequence[asyncpg.Record]) -> Any:
    """Returns the chart of what opens the incident, from the figures of monitor's facts; None without figures."""
    said = sorted((row for row in happened if row["detail"]), key=lambda row: row["at"])
    course = evidence.course((row["at"], row["detail"].get("why")) for row in said)
    return charts.evidence(course.points, course.threshold, course.title, unit=course.unit) if course else None


def _cut(happened: Sequence[asyncpg.Record]) -> datetime | None:
    """Returns the moment before which the time line is not complete; None when it is."""
    parts = (
        [row["at"] for row in happened if row["detail"] is not None],
        [row["at"] for row in happened if row["detail"] is None and not row["customers"]],
        [row["at"] for row in happened if row["customers"]],
    )
    return max((min(part) for part, most in zip(parts, LATEST, strict=True) if len(part) >= most), default=None)


def _public(said: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Returns the latest words for customers, with their moments."""
    if said is None:
        return None
    return moments(said) | {"estimate": datetime.fromisoformat(said["estimate"]) if said.get("estimate") else None}


def _untold(incident: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Returns how many were not told, by reason, the most first; what has no sentence here counts as another reason."""
    counted = {reason: many for reason, many in (incident["untold_for"] or {}).items() if many}
    known = sum(many for reason, many in counted.items() if reason != UNDECIDED)
    if incident["untold"] > known and max(counted.values(), default=0) <= MANY:
        counted["other"] = incident["untold"] - known
    return sorted(counted.items(), key=lambda each: -each[1])


def _percent(part: float | None) -> float | None:
    return None if part is None else part * 100
