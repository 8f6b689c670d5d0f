"""The measures by REST, counted exactly when they are asked for: of one incident, or of what was opened since some time."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.console.measures.figures import Figure, Figures
from services.console.measures.registry import Of, Unit, measures_of
from services.console.store import measures
from shared.answers import Name
from shared.api import Db, Problem, Role, allow
from shared.configuration.files import PositiveDuration

MOST = timedelta(days=800)  # longer than anything is kept
NO_INCIDENT: dict[int | str, dict[str, Any]] = {404: {"description": "there is no such incident"}}

router = APIRouter(prefix="/v1", tags=["measures"], dependencies=[allow(Role.AGENT)])


class MeasureView(BaseModel):
    """Is one measure with its figure; null where there is nothing to count. `docs/measures.md` defines each."""

    name: str
    title: str
    unit: Unit
    figure: Figure


class Measures(BaseModel):
    """Lists the measures of an incident, or of what was opened from `since` until `until`."""

    incident_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    measures: list[MeasureView]


Since = Annotated[PositiveDuration, Query(description="how far back: `24h`, `7d`, `90m`; at most 800 days")]


@router.get("/measures")
async def measures_since(database: Db, since: Since = timedelta(days=7)) -> Measures:
    """Measures the incidents and tickets that were opened in the time before now."""
    if since > MOST:
        raise Problem(422, f"since: at most {MOST.days} days")
    async with database.transaction() as tx:
        counted = await measures.of_period(tx, since)
    return Measures(since=counted.since, until=counted.at, measures=_views(counted.figures, Of.PERIOD))


@router.get("/incidents/{incident_id}/measures", responses=NO_INCIDENT)
async def incident_measures(database: Db, incident_id: Name) -> Measures:
    """Measures one incident: whether those it touches were told before they wrote in, and how their tickets fared."""
    async with database.transaction() as tx:
        figures = await measures.of_incident(tx, incident_id)
    if figures is None:
        raise Problem(404, "there is no such incident")
    return Measures(incident_id=incident_id, measures=_views(figures, Of.BOTH))


def _views(figures: Figures, of: Of) -> list[MeasureView]:
    return [MeasureView(name=each.name, title=each.title, unit=each.unit, figure=figures[each.name]) for each in measures_of(of)]
