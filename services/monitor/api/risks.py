"""monitor over HTTP: people read which customers are at risk, and clear what is none."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from services.monitor import facts, metrics
from services.monitor.risk.life import RiskRow
from services.monitor.store.aliases import customers_called
from services.monitor.store.renewals import judge
from services.monitor.store.risks import queries, risk, risk_of
from shared.answers import Cursor, Name, Page, page_of
from shared.api import Body, Caller, Db, IdempotencyKey, Problem, Role, allow, once, timed_position
from shared.outbox import say
from shared.postgres import Tx

router = APIRouter()

Limit = Annotated[int, Query(ge=1, le=500)]


class RiskView(BaseModel):
    """One customer's risk by one rule, with what its score adds up from."""

    id: str
    customer_id: str
    rule: str
    version: str  # of the rule when it was raised
    title: str
    score: float
    contributions: dict[str, float]
    evidence: list[str]
    action: dict[str, Any] | None  # what its rule asks for
    shadow: bool  # of a rule on trial: nothing is done about it
    action_status: str | None  # waiting, asked, answered, failed or withheld
    action_tries: int  # calls of the webhook that were begun
    action_answer: str  # what the webhook answered, or why nothing is done
    acted_at: datetime | None
    began_at: datetime  # event time of the first evidence
    raised_at: datetime
    cleared_at: datetime | None
    reason: str | None  # why it was cleared: recovered, broken, unheard, person, webhook, renamed, rule_changed or rule_gone
    by: str | None  # the person who cleared it, or the webhook that settled it
    note: str  # that person's words


class Clearing(Body):
    """A person says why there is no risk, or none any more."""

    note: Annotated[str, Field(max_length=2000, description="for operators and agents; customers do not read it")] = ""


@router.get("/risks", dependencies=[allow(Role.AGENT)], tags=["risks"])
async def list_risks(
    database: Db,
    customer: Name | None = None,
    rule: Name | None = None,
    status: Literal["open", "cleared"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RiskView]:
    """Returns risks, the latest first: of one customer, by one rule, open or cleared."""
    async with database.transaction() as tx:
        whose = None if customer is None else (await customers_called(tx, [customer]))[customer]
        return await page_of(
            tx,
            queries.list_risks,
            whose,
            rule,
            None if status is None else status == "open",
            *timed_position(cursor),
            limit=limit,
            view=lambda row: _view(risk_of(row)),
            position=lambda item: f"{item.raised_at.isoformat()} {item.id}",
        )


@router.get("/risks/{risk_id}", dependencies=[allow(Role.AGENT)], tags=["risks"])
async def read_risk(database: Db, risk_id: Name) -> RiskView:
    """Returns one risk. 404 when there is none."""
    async with database.connection() as connection:
        return _view(await _known(connection, risk_id))


MAY_FAIL: dict[int | str, dict[str, Any]] = {
    404: {"description": "there is no such risk"},
    409: {"description": "it is cleared already; `current` says why"},
}


@router.post("/risks/{risk_id}/clear", response_model=RiskView, responses=MAY_FAIL, tags=["risks"])
async def clear_risk(
    request: Request,
    database: Db,
    risk_id: Name,
    who: Annotated[Caller, allow(Role.AGENT)],
    clearing: Clearing = Clearing(),  # noqa: B008  immutable
    key: IdempotencyKey = None,
) -> Response:
    """Clears a risk, whatever the events show. Only what the customer does after this moment can raise it again."""
    return await once(request, database, key, lambda tx: _clear(tx, risk_id, who.person, clearing.note))


async def _clear(tx: Tx, risk_id: str, by: str, note: str) -> RiskView:
    row = await risk(tx, queries.clear_risk, risk_id, by, note)
    if row is None:
        known = await _known(tx, risk_id)
        raise Problem(409, "the risk is cleared already", current=known.reason)
    assert row.cleared_at is not None  # noqa: S101  narrowing
    await say(tx, facts.cleared(row, row.cleared_at))
    metrics.RISKS_CLEARED.labels(row.rule, row.reason).inc()
    await judge(tx, [row.id], row.cleared_at)
    return _view(row)


async def _known(tx: Tx, risk_id: str) -> RiskRow:
    row = await risk(tx, queries.risk, risk_id)
    if row is None:
        raise Problem(404, "there is no such risk")
    return row


def _view(row: RiskRow) -> RiskView:
    """Returns the risk as people see it."""
    return RiskView(**{name: getattr(row, name) for name in RiskView.model_fields if name != "by"}, by=row.cleared_by)
