"""Draws one incident, and takes a person's word that it is over or was none."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import APIRouter, Form, Request, Response

from services.console.acting.acts import ACTS
from services.console.acting.outcome import Refused
from services.console.acting.performing import done_at, perform
from services.console.frame import charts, evidence
from services.console.frame.drawing import draw
from services.console.frame.reasons import REASONS, in_short
from services.console.frame.standing import MANY, standing
from services.console.frame.words import segment
from services.console.measures.figures import share
from services.console.pages.incident.timeline import Happened, timeline
from services.console.sessions.roles import Role
from services.console.sessions.signed import Signed, allow
from services.console.store import awaited
from services.console.store.measures import reach_of
from shared.answers import Name
from shared.api import Db, Problem
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(dependencies=[allow(Role.VIEWER)])

UNDECIDED = ""  # the reason of those about whom nothing is said yet
LATEST = 300, 1000, 3000  # of monitor's facts, of other services' facts, of seconds: so many are put into a time line
TICKETS = 20
STATES = ("open", "in_progress", "waiting", "resolved", "closed")


@router.get("/incidents/{incident_id}")
async def show(request: Request, database: Db, incident_id: Name) -> Response:
    """Shows one incident. 404 when there is none."""
    return await _page(request, database, incident_id)


@router.post("/incidents/{incident_id}/{act}")
async def end(
    request: Request,
    database: Db,
    incident_id: Name,
    act: Literal["resolve", "dismiss"],
    signed: Annotated[Signed, allow(Role.LEAD)],  # noqa: ARG001  who may is said here
    note: Annotated[str, Form()] = "",
    tell: Annotated[bool, Form()] = False,
) -> Response:
    """A person says that it is over, or that it was a false alarm; those who were told hear of it when `tell` is set."""
    async with database.connection() as tx:
        row = await _row(tx, incident_id)
    outcome = await perform(
        request,
        f"incident.{act}",
        where={"incident_id": incident_id},
        body={"note": note.replace("\r\n", "\n"), "tell": tell},
        subject=f"incident:{incident_id}",
        before={"status": row["status"]},
    )
    if isinstance(outcome, Refused):
        return await _page(request, database, incident_id, outcome, {"note": note, "tell": tell})
    return done_at(request, f"/incidents/{segment(incident_id)}")


async def _page(
    request: Request, database: Db, incident_id: str, refused: Refused | None = None, typed: Mapping[str, Any] | None = None
) -> Response:
    async with database.transaction() as tx:
        incident = await _row(tx, incident_id)
        happened = await tx.fetch(queries.happened_to_incident, incident_id, *LATEST)
        tickets = await tx.fetch(queries.tickets_of_incident, incident_id, STATES, TICKETS)
        reach = await reach_of(tx, incident_id)
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
        may_end=request.state.signed.role.may(ACTS["incident.resolve"].role),
        refused=refused,
        typed=typed or {"note": "", "tell": True},
    )


async def _row(tx: Tx, incident_id: str) -> dict[str, Any]:
    """Returns the incident, as monitor has answered where that is newer than what is heard. Raises a 404 problem when there is none."""
    row = await tx.fetchrow(queries.one_incident, incident_id, [UNDECIDED, *REASONS], MANY + 1)
    if row is None:
        raise Problem(404, "there is no such incident")
    return awaited.merged(dict(row), row["answers"] or (), "revision")


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


def _untold(incident: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Returns how many were not told, by reason, the most first; what has no sentence here counts as another reason."""
    counted = {reason: many for reason, many in (incident["untold_for"] or {}).items() if many}
    known = sum(many for reason, many in counted.items() if reason != UNDECIDED)
    if incident["untold"] > known and max(counted.values(), default=0) <= MANY:
        counted["other"] = incident["untold"] - known
    return sorted(counted.items(), key=lambda each: -each[1])


def _percent(part: float | None) -> float | None:
    return None if part is None else part * 100
