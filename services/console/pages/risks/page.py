"""Lists the customers at risk, and takes a person's word that one is not."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Form, Request, Response

from services.console.acting.acts import ACTS
from services.console.acting.outcome import Refused
from services.console.acting.performing import done_at, perform
from services.console.frame.drawing import draw
from services.console.sessions.roles import Role
from services.console.sessions.signed import Signed, allow
from shared.answers import Cursor, Name
from shared.api import Db, cursor_of, not_ours, position_of
from shared.events import case_id
from shared.postgres import Database, Queries, Tx

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(dependencies=[allow(Role.VIEWER)])

ROWS = 50
REASONS = {
    "recovered": "it went well",
    "broken": "a late event shows that it was none",
    "unheard": "nothing was heard any more",
    "person": "cleared",
    "webhook": "its webhook has settled it",
    "rule_changed": "its rule was changed",
    "rule_gone": "its rule is gone",
    "renamed": "the name is another of a customer's",
}
DONE = {
    ("article", "asked"): "sent, if the customer may be told",
    ("help", "asked"): "offered, if the customer may be told",
    ("case", "asked"): "a case is open",
    ("webhook", "answered"): "it has answered",
    ("webhook", "failed"): "it has failed for good",
}
OVER = 50  # of the risks that are over, the latest
WORST = -math.inf, "", ""  # before every other position

Position = tuple[float, str, str]  # the score's negative, the rule, and the customer


@router.get("/risks")
async def list_risks(request: Request, database: Db, cursor: Cursor = None) -> Response:
    """Shows a page of customers at risk, the worst first, and the latest that are so no more."""
    return await _page(request, database, cursor)


@router.post("/risks/{risk_id}/clear")
async def clear(
    request: Request,
    database: Db,
    risk_id: Name,
    signed: Annotated[Signed, allow(Role.AGENT)],  # noqa: ARG001  who may is said here
    note: Annotated[str, Form()] = "",
) -> Response:
    """A person says that a customer is not at risk; what they do from now on can still show that they are."""
    body = {"note": note.replace("\r\n", "\n")}
    outcome = await perform(request, "risk.clear", where={"risk_id": risk_id}, body=body, subject=f"risk:{risk_id}")
    return await _page(request, database, refused=outcome) if isinstance(outcome, Refused) else done_at(request, "/risks")


async def _page(request: Request, database: Database, cursor: str | None = None, refused: Refused | None = None) -> Response:
    async with database.connection() as tx:
        rows = await tx.fetch(queries.risks_by_score, *_position(cursor), ROWS + 1)
        over = [] if cursor else await tx.fetch(queries.risks_over, OVER)
        cases = await _cases(tx, [*rows, *over])
    last = rows[ROWS - 1] if len(rows) > ROWS else None
    return draw(
        request,
        "risks/page.html",
        live=("risks",) if cursor is None else (),
        status=refused.status if refused else 200,
        risks=rows[:ROWS],
        over=over,
        first=cursor is None,
        next=cursor_of(f"{last['score']!r} {last['rule']} {last['customer_id']}") if last else None,
        reasons=REASONS,
        done=DONE,
        cases=cases,
        refused=refused,
        may_clear=request.state.signed.role.may(ACTS["risk.clear"].role),
    )


async def _cases(tx: Tx, rows: Sequence[asyncpg.Record]) -> dict[str, int]:
    """Returns the number of each risk's case, by the risk, as far as it is known here."""
    asked = [row["risk_id"] for row in rows if row["risk_id"] and (row["action"] or {}).get("kind") == "case"]
    risks = {case_id(risk): risk for risk in asked}
    return {risks[row["id"]]: row["number"] for row in await tx.fetch(queries.cases, list(risks))} if risks else {}


def _position(cursor: str | None) -> Position:
    """Returns where a cursor of this list points. Raises a 422 problem for any other cursor."""
    position = position_of(cursor)
    if position is None:
        return WORST
    score, _, rest = position.partition(" ")
    rule, _, customer = rest.partition(" ")
    try:
        return -float(score), rule, customer
    except ValueError:
        raise not_ours() from None
