"""monitor over HTTP: people announce maintenance, change it and call it off, and read what it muted."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field, field_validator, model_validator

from services.monitor.acts import maintaining
from services.monitor.api.muting import MutedView, muted_by
from services.monitor.incidents.maintenance import AHEAD, Announced, MaintenanceRow, Period, Plan, Standing, Status, is_zone, refusal_of
from services.monitor.rules.incidents import ComponentName
from services.monitor.store.maintenance import lock_maintenance, maintenance_of, queries
from shared.answers import Cursor, Name, Page, page_of
from shared.api import Body, Caller, Db, IdempotencyKey, Problem, Role, allow, once, timed_position
from shared.audiences import ATTRIBUTES
from shared.conditions import Wanted, as_written
from shared.configuration.files import PositiveDuration
from shared.events.lines import Line
from shared.events.moments import EARLIEST
from shared.postgres import Tx

router = APIRouter(prefix="/maintenance", tags=["maintenance"])

Limit = Annotated[int, Query(ge=1, le=500)]
MOST_SAID = 4000  # characters of an audience


class Whom(Body):
    """Whom to tell: whoever used the components lately, or customers by their attributes."""

    used_within: Annotated[PositiveDuration | None, Field(description="who used one of the components so shortly before: 14d")] = None
    where: Annotated[
        Mapping[str, Wanted] | None, Field(description=f"customers of whom all of this holds; of {', '.join(sorted(ATTRIBUTES))}")
    ] = None

    @model_validator(mode="after")
    def _is_one_of_them(self) -> "Whom":
        if (self.used_within is None) == (self.where is None):
            raise ValueError("an audience is used_within or where")
        if unknown := [name for name in self.where or {} if name not in ATTRIBUTES]:
            raise ValueError(f"{unknown[0][:60]}: of customers it is known: {', '.join(sorted(ATTRIBUTES))}")
        if len(json.dumps(self.written())) > MOST_SAID:
            raise ValueError(f"it says more than {MOST_SAID} characters")
        return self

    def written(self) -> dict[str, Any]:
        """Returns it as facts say it."""
        if self.where is not None:
            return {"where": as_written(self.where)}
        return {"used_within_seconds": self.used_within.total_seconds() if self.used_within else None}


class Announcement(Body):
    """Maintenance as a person announces or changes it."""

    title: Annotated[str, Field(min_length=1, max_length=200), Line(200)]
    text: Annotated[str, Field(max_length=2000, description="for customers")] = ""
    components: Annotated[tuple[ComponentName, ...], Field(max_length=100, description="by their ids; none: all of them")] = ()
    audience: Whom = Whom(used_within=timedelta(days=14))
    starts_at: Annotated[AwareDatetime, Field(description="of the first period")]
    ends_at: Annotated[AwareDatetime, Field(description="of the first period")]
    repeat: Annotated[
        str | None, Field(min_length=1, max_length=500, description="RRULE of RFC 5545, in the zone: FREQ=WEEKLY;BYDAY=SU")
    ] = None
    zone: Annotated[
        str, Field(max_length=100, description="IANA: Europe/Berlin; a repeated period begins at the same time of day there")
    ] = "UTC"

    @field_validator("zone")
    @classmethod
    def _is_known(cls, zone: str) -> str:
        if not is_zone(zone):
            raise ValueError("there is no such zone: IANA names them, as in Europe/Berlin")
        return zone

    @field_validator("starts_at", "ends_at")
    @classmethod
    def _is_in_utc(cls, moment: datetime) -> datetime:
        if not EARLIEST <= moment <= datetime.max.replace(tzinfo=UTC) - 2 * AHEAD:
            raise ValueError("it is before 2000 or too far ahead")
        return moment.astimezone(UTC)

    @model_validator(mode="after")
    def _can_come(self) -> "Announcement":
        if (refusal := refusal_of(self.plan)) is not None:
            raise ValueError(refusal)
        return self

    @property
    def plan(self) -> Plan:
        return Plan(Period(self.starts_at, self.ends_at), self.repeat, self.zone)

    def announced(self) -> Announced:
        return Announced(self.title, self.text, self.components, self.audience.written(), self.plan)


class MaintenanceView(BaseModel):
    """One maintenance, and the period that runs, comes next, or was the last."""

    id: str
    title: str
    text: str
    components: list[str]
    audience: dict[str, Any]
    status: Status
    starts_at: datetime
    ends_at: datetime
    repeat: str | None
    zone: str
    revision: int
    by: str
    created_at: datetime
    cancelled_at: datetime | None
    cancelled_by: str | None
    muted: int  # so much trouble, by rule and component, opened no incident


class MaintenanceStory(MaintenanceView):
    """One maintenance with the trouble that it muted, the latest first; of much the latest alone, 100 at most."""

    trouble: list[MutedView]


@router.get("", dependencies=[allow(Role.AGENT)])
async def list_maintenance(database: Db, status: Status | None = None, cursor: Cursor = None, limit: Limit = 50) -> Page[MaintenanceView]:
    """Returns maintenance, the latest announced first."""
    async with database.transaction() as tx:
        return await page_of(
            tx,
            queries.list_maintenance,
            status,
            *timed_position(cursor),
            limit=limit,
            view=lambda row: MaintenanceView(**_of(maintenance_of(row))),
            position=lambda item: f"{item.created_at.isoformat()} {item.id}",
        )


@router.get("/{maintenance_id}", dependencies=[allow(Role.AGENT)], responses={404: {"description": "there is no such maintenance"}})
async def read_maintenance(database: Db, maintenance_id: Name) -> MaintenanceStory:
    """Returns one maintenance with the trouble that it muted. 404 when there is none."""
    async with database.transaction() as tx:
        row = await tx.fetchrow(queries.maintenance, maintenance_id)
        if row is None:
            raise _unknown()
        trouble = await muted_by(tx, maintenance_id)
    return MaintenanceStory(**_of(maintenance_of(row)), trouble=trouble)


# ── people announce, change and cancel it ────────────────────────────────────────────────────

Operator = Annotated[Caller, allow(Role.OPERATOR)]


@router.post("", status_code=201, response_model=MaintenanceView)
async def announce_maintenance(
    request: Request, database: Db, who: Operator, announcement: Announcement, key: IdempotencyKey = None
) -> Response:
    """Announces maintenance: while it runs, trouble of its components opens no incident."""

    async def announce(tx: Tx) -> MaintenanceView:
        now: datetime = await tx.fetchval("SELECT clock()")
        coming = _coming(announcement, now)
        row = MaintenanceRow(str(uuid4()), announcement.announced(), Standing(Status.PLANNED, coming), 0, who.person, now)
        return MaintenanceView(**_of(await maintaining.announce(tx, row, now)))

    return await once(request, database, key, announce, status=201)


MAY_FAIL: dict[int | str, dict[str, Any]] = {
    404: {"description": "there is no such maintenance"},
    409: {"description": "it is over, or was called off; `current` says which"},
}


@router.post("/{maintenance_id}/change", response_model=MaintenanceView, responses=MAY_FAIL)
async def change_maintenance(
    request: Request, database: Db, maintenance_id: Name, who: Operator, announcement: Announcement, key: IdempotencyKey = None
) -> Response:
    """Changes a maintenance that is not over: what is said now replaces what was said before, also of the period that runs."""

    async def change(tx: Tx) -> MaintenanceView:
        row, now = await _locked(tx, maintenance_id)
        _coming(announcement, now)
        return _moved(await maintaining.change(tx, row, announcement.announced(), who.person, now), row)

    return await once(request, database, key, change)


@router.post("/{maintenance_id}/cancel", response_model=MaintenanceView, responses=MAY_FAIL)
async def cancel_maintenance(request: Request, database: Db, maintenance_id: Name, who: Operator, key: IdempotencyKey = None) -> Response:
    """Calls a maintenance off, for good. One that runs ends now: trouble that is there opens an incident."""

    async def cancel(tx: Tx) -> MaintenanceView:
        row, now = await _locked(tx, maintenance_id)
        return _moved(await maintaining.cancel(tx, row, who.person, now), row)

    return await once(request, database, key, cancel)


def _coming(announcement: Announcement, now: datetime) -> Period:
    """Returns the period that runs or comes next. Raises a 422 problem when there is none, or it is too far ahead."""
    coming = announcement.plan.next(now)
    if coming is None:
        raise Problem(422, "it would be over already")
    if coming.starts_at > now + AHEAD:
        raise Problem(422, f"it is more than {AHEAD.days} days ahead")
    return coming


async def _locked(tx: Tx, maintenance_id: str) -> tuple[MaintenanceRow, datetime]:
    row = await lock_maintenance(tx, maintenance_id)
    if row is None:
        raise _unknown()
    return row, await tx.fetchval("SELECT clock()")


def _unknown() -> Problem:
    return Problem(404, "there is no such maintenance")


def _moved(moved: MaintenanceRow | None, before: MaintenanceRow) -> MaintenanceView:
    """Returns what it is now. Raises a 409 problem when it could not be moved from where it stood."""
    if moved is None:
        status = before.standing.status
        raise Problem(409, f"the maintenance is {status} already", current=status)
    return MaintenanceView(**_of(moved))


def _of(row: MaintenanceRow) -> dict[str, Any]:
    """Returns the maintenance as people see it."""
    announced, standing = row.announced, row.standing
    return {
        "id": row.id,
        "title": announced.title,
        "text": announced.text,
        "components": list(announced.components),
        "audience": dict(announced.audience),
        "status": standing.status,
        "starts_at": standing.period.starts_at,
        "ends_at": standing.period.ends_at,
        "repeat": announced.plan.repeat,
        "zone": announced.plan.zone,
        "revision": row.revision,
        "by": row.by,
        "created_at": row.created_at,
        "cancelled_at": row.cancelled_at,
        "cancelled_by": row.cancelled_by,
        "muted": row.muted,
    }
