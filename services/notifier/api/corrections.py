"""People tell those who were told something wrong of an incident what is right."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from services.notifier.acts.correcting import correct
from services.notifier.store.corrections import queries
from shared.answers import Name
from shared.api import Body, Caller, Db, IdempotencyKey, Problem, Role, allow, once
from shared.events.lines import Line
from shared.postgres import Tx

router = APIRouter(prefix="/v1/incidents/{incident_id}", tags=["consent"])

NO_INCIDENT: dict[int | str, dict[str, Any]] = {404: {"description": "notifier has not heard of this incident"}}

MOST = 1_000_000  # customers that are counted


class Correcting(Body):
    """The words that go to those who were told; the greeting and the sender stand around them, as around a reply."""

    subject: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), Line(200)]
    words: Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"\S")]


class CorrectionView(BaseModel):
    """A correction, and how many it is for."""

    id: str
    incident_id: str
    subject: str
    body: str
    by: str
    at: datetime
    customers: int  # so many, as far as they are written down
    done: bool  # all of them are


class CorrectionsView(BaseModel):
    """The latest corrections of an incident, and how many customers another one would be for."""

    told: int  # customers who were told of the incident, or may have been; counted up to 1,000,000
    items: list[CorrectionView]


@router.post("/correction", status_code=202, response_model=CorrectionView, responses=NO_INCIDENT)
async def post_correction(
    request: Request,
    database: Db,
    incident_id: Name,
    who: Annotated[Caller, allow(Role.OPERATOR)],
    said: Correcting,
    key: IdempotencyKey = None,
) -> Response:
    """Tells exactly those who were told of the incident, once each, whatever its switches and approvals say but for the global one.

    The same words for the same incident are the same correction: asking again tells nobody again.
    """

    async def do(tx: Tx) -> CorrectionView:
        if not await tx.fetchval(queries.knows_incident, incident_id):
            raise Problem(404, "notifier has not heard of this incident")
        id_ = await correct(tx, incident_id, said.subject, said.words, who.person)
        row = await tx.fetchrow(queries.correction, id_)
        assert row is not None  # noqa: S101  it was written in this transaction, or before
        return CorrectionView(**row)

    return await once(request, database, key, do, status=202)


@router.get("/corrections", dependencies=[allow(Role.AGENT)])
async def list_corrections(database: Db, incident_id: Name) -> CorrectionsView:
    """Returns the latest corrections of an incident, and how many were told of it."""
    async with database.connection() as tx:
        told = await tx.fetchval(queries.told_of, incident_id, MOST)
        return CorrectionsView(told=told, items=[CorrectionView(**row) for row in await tx.fetch(queries.corrections, incident_id)])
