"""monitor over HTTP: product systems send events, people read incidents and whom they touch."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from services.monitor.acts import changing, surging
from services.monitor.acts.changing import End
from services.monitor.acts.steering import Person
from services.monitor.incidents.life import IncidentRow, Status
from services.monitor.store import candidates, steps
from services.monitor.store.incidents import incident, incident_of, queries
from shared.answers import PAGE, Cursor, Name, Page, page_of
from shared.api import Body, Caller, Db, IdempotencyKey, Problem, Role, allow, numbered_position, once, position_of, timed_position
from shared.events import PublicUpdate, Severity
from shared.postgres import Tx

router = APIRouter()

Limit = Annotated[int, Query(ge=1, le=500)]


class IncidentView(BaseModel):
    """One incident, with the figures that opened, changed or resolved it."""

    id: str
    rule: str
    component: str
    severity: Severity
    symptom: str
    title: str
    status: Status
    started_at: datetime  # event time of the first bad event
    opened_at: datetime
    failing_at: datetime | None  # event time: the end of the last failing window, as last said
    silent_since: datetime | None  # event time of the component's last event, while nothing is heard of it
    resolved_at: datetime | None  # when it is resolved
    ended_at: datetime | None  # resolved, withdrawn or dismissed
    behind_seconds: float  # how far behind monitor read when it last said something about it
    revision: int
    affected: int
    likely: int  # of the affected: they used the component, and nothing of theirs has failed
    by: str | None  # the person who ended it
    note: str  # that person's words
    why: dict[str, Any]
    shadow: bool  # of a rule on trial: nobody is told of it
    acknowledged_at: datetime | None
    acknowledged_by: str | None  # the person who has it
    severity_by: str | None  # the person who set its severity; null: its rule says it
    public: PublicUpdate | None  # the latest words for customers
    merged_into: str | None  # the incident that it is the same trouble as
    split_from: str | None  # the incident that a person took its customers from: no rule judges this one


class StepView(BaseModel):
    """One step of an incident's story: what happened, when, who did it, and why."""

    revision: int  # the incident's, as this step made it
    at: datetime
    # opened, changed, silent, acknowledged, updated, severity, added, removed, absorbed, split, merged, resolved, withdrawn, dismissed
    kind: str
    by: str | None  # the person who took it; null: monitor
    said: dict[str, Any]  # that person's words, and what changed
    why: dict[str, Any] | None  # the figures that decided it; null when a person did


class ToldIncident(IncidentView):
    """One incident with its story from the beginning; `/story` has the pages after the first."""

    story: Page[StepView]


class Ending(Body):
    """A person says how an incident ends."""

    note: Annotated[str, Field(max_length=2000, description="for operators and agents; customers do not read it")] = ""
    tell: Annotated[bool, Field(description="whether those who were told of the incident hear of its end")] = True


class ImpactView(BaseModel):
    """One customer an incident touches, with the evidence."""

    customer_id: str
    certainty: Literal["confirmed", "likely"]
    first_seen_at: datetime
    last_seen_at: datetime
    count: int
    by: str | None  # the person who says so; null: events or alerts do
    reason: str  # that person's words
    taken_out_at: datetime | None  # since when it touches them no more, as that person says


@router.get("/incidents", dependencies=[allow(Role.AGENT)], tags=["incidents"])
async def list_incidents(
    database: Db,
    status: Status | None = None,
    component: Name | None = None,
    shadow: bool | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[IncidentView]:
    """Returns incidents, newest first. `status`: the open ones are also those that are acknowledged, the withdrawn also those merged.

    Candidates stand in no other list: `candidate` returns those that wait for a person.

    `shadow`: only those of rules on trial, or none of them.
    """
    async with database.transaction() as tx:
        waiting = status == Status.CANDIDATE
        return await page_of(
            tx,
            candidates.queries.list_candidates if waiting else queries.list_incidents,
            *((component,) if waiting else (status, component, shadow)),
            *timed_position(cursor),
            limit=limit,
            view=lambda row: _view(incident_of(row)),
            position=lambda item: f"{item.opened_at.isoformat()} {item.id}",
        )


@router.get("/incidents/{incident_id}", dependencies=[allow(Role.AGENT)], tags=["incidents"])
async def read_incident(database: Db, incident_id: Name) -> ToldIncident:
    """Returns one incident, and its story from the beginning. 404 when there is none."""
    async with database.transaction() as tx:
        view = await shown(tx, incident_id)
        return ToldIncident(**dict(view), story=await _story(tx, incident_id, None, limit=500, at_most=PAGE // 2))


@router.get("/incidents/{incident_id}/story", dependencies=[allow(Role.AGENT)], tags=["incidents"])
async def list_story(database: Db, incident_id: Name, cursor: Cursor = None, limit: Limit = 100) -> Page[StepView]:
    """Returns an incident's story in its order: each step with who took it, when and why. 404 when there is no such incident.

    Of what events said while it was open the latest 200 steps are kept, and all that people did.
    """
    async with database.transaction() as tx:
        await shown(tx, incident_id)
        return await _story(tx, incident_id, cursor, limit=limit)


@router.get("/incidents/{incident_id}/impact", dependencies=[allow(Role.AGENT)], tags=["incidents"])
async def list_impact(
    database: Db, incident_id: Name, taken_out: bool = False, cursor: Cursor = None, limit: Limit = 100
) -> Page[ImpactView]:
    """Returns the customers an incident touches, by id, each with the evidence. 404 when there is no such incident.

    `taken_out`: those whom people took out, instead.
    """
    async with database.transaction() as tx:
        await shown(tx, incident_id)
        return await page_of(
            tx,
            queries.list_impact,
            incident_id,
            taken_out,
            position_of(cursor),
            limit=limit,
            view=lambda row: ImpactView(**row),
            position=lambda item: item.customer_id,
        )


async def shown(tx: Tx, incident_id: str) -> IncidentView:
    """Returns the incident as people see it. Raises a 404 problem when there is none."""
    row = await incident(tx, queries.incident, incident_id) or await incident(tx, candidates.queries.candidate, incident_id)
    if row is None:
        raise Problem(404, "there is no such incident")
    return _view(row)


async def _story(tx: Tx, incident_id: str, cursor: str | None, *, limit: int, at_most: int = PAGE) -> Page[StepView]:
    return await page_of(
        tx,
        steps.queries.list_steps,
        incident_id,
        -1 if (after := numbered_position(cursor)) is None else after,
        limit=limit,
        view=lambda row: StepView(by=row["person"], **{name: row[name] for name in ("revision", "at", "kind", "said", "why")}),
        position=lambda item: str(item.revision),
        at_most=at_most,
    )


# ── people end incidents ─────────────────────────────────────────────────────────────────────

MAY_FAIL: dict[int | str, dict[str, Any]] = {
    404: {"description": "there is no such incident"},
    409: {"description": "it has ended already; `current` says how"},
}


@dataclass(frozen=True)
class _Asked:
    """A person asks that an incident ends: which one, who they are, and how it ends."""

    incident_id: Name
    who: Annotated[Caller, allow(Role.AGENT)]
    ending: Ending = Ending()  # noqa: RUF009  immutable


Asked = Annotated[_Asked, Depends()]


@router.post("/incidents/{incident_id}/resolve", response_model=IncidentView, responses=MAY_FAIL, tags=["incidents"])
async def resolve_incident(request: Request, database: Db, asked: Asked, key: IdempotencyKey = None) -> Response:
    """The trouble is over, whatever the events show. Only events after this moment can open an incident again."""
    return await once(request, database, key, lambda tx: _end(tx, Status.RESOLVED, asked))


@router.post("/incidents/{incident_id}/dismiss", response_model=IncidentView, responses=MAY_FAIL, tags=["incidents"])
async def dismiss_incident(request: Request, database: Db, asked: Asked, key: IdempotencyKey = None) -> Response:
    """It was a false alarm. Only events after this moment can open an incident again."""
    return await once(request, database, key, lambda tx: _end(tx, Status.DISMISSED, asked))


async def _end(tx: Tx, status: Status, asked: _Asked) -> IncidentView:
    now: datetime = await tx.fetchval("SELECT clock()")
    by, ending = asked.who.person, asked.ending
    how = End(status, now, f"by {by}", by=by, note=ending.note, tell=ending.tell)
    dismissed = status == Status.DISMISSED and await surging.dismiss(tx, asked.incident_id, Person(by, now, ending.note))
    if not dismissed and await changing.end(tx, asked.incident_id, how, now) is None:
        known = await shown(tx, asked.incident_id)
        raise Problem(409, f"the incident is {known.status} already", current=known.status)
    return await shown(tx, asked.incident_id)


def _view(row: IncidentRow) -> IncidentView:
    """Returns the incident as people see it."""
    resolved_at = row.ended_at if row.status == Status.RESOLVED else None
    return IncidentView(**asdict(row), resolved_at=resolved_at, by=row.ended_by)
