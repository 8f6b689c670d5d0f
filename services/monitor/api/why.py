"""monitor over HTTP: why an incident touches a customer, or why not."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.monitor.incidents.whom import why
from services.monitor.ruling import Ruling
from services.monitor.store.aliases import customers_called
from services.monitor.store.incidents import incident, queries
from services.monitor.store.whom import known_of
from shared.answers import Name
from shared.api import Db, Problem, Role, allow


class WhyView(BaseModel):
    """Whether an incident touches a customer, and why: with the evidence, and the version of the rule that decided."""

    customer_id: str  # also where they were asked for by another of their names
    incident_id: str
    touched: bool | None  # null: monitor does not know, or no more
    because: str  # confirmed, likely, added, removed, erased, below, outside, elsewhere, none, soon, unknown
    words: str
    evidence: dict[str, Any]
    rule: str
    rule_version: str | None  # of the rule as it judged last
    component: str
    merged_into: str | None  # the incident that touches its customers instead


def why_router(ruling: Ruling) -> APIRouter:
    """Makes the endpoint that explains by the rules of this process."""
    router = APIRouter(prefix="/v1", tags=["incidents"])

    @router.get("/why", dependencies=[allow(Role.AGENT)])
    async def explain(database: Db, customer: Annotated[Name, Query()], of: Annotated[Name, Query(alias="incident")]) -> WhyView:
        """Returns why an incident touches a customer, or why not, from what is remembered. 404 when there is no such incident."""
        async with database.transaction() as tx:
            row = await incident(tx, queries.incident, of)
            if row is None:
                raise Problem(404, "there is no such incident")
            now: datetime = await tx.fetchval("SELECT clock()")
            rule = {each.id: each for each in ruling.file.components}.get(row.rule)
            [customer_id] = (await customers_called(tx, [customer])).values()
            answer = why(row, await known_of(tx, row.id, customer_id, rule, ruling.file.horizon), now)
        return WhyView(
            customer_id=customer_id,
            incident_id=row.id,
            touched=answer.touched,
            because=answer.because,
            words=answer.words,
            evidence=dict(answer.evidence),
            rule=row.rule,
            rule_version=row.why.get("rule_version"),
            component=row.component,
            merged_into=row.merged_into,
        )

    return router
