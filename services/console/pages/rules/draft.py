"""Draws a draft of rules, has monitor try it on the past, shows what it found, and publishes it."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.console.acting.outcome import Done, Refused
from services.console.acting.performing import done_at, form_id_of, perform, texts_of
from services.console.frame.drawing import draw
from services.console.frame.words import segment
from services.console.pages.rules.asking import is_id, is_number, looked_at, of_monitor
from services.console.pages.rules.trial import listed, moment, trial_of
from services.console.sessions.roles import Role
from services.console.sessions.signed import Signed, allow
from services.console.store import drafts
from shared.api import Db, Problem
from shared.postgres import Database

router = APIRouter()

Operator = Annotated[Signed, allow(Role.OPERATOR)]
Number = Annotated[int | None, Query(alias="from", ge=1, le=2**31 - 1, description="begins with an earlier publication")]
Anew = Annotated[bool, Query(description="begins with the rules in force")]

SPANS = {"1d": "the last day", "7d": "the last 7 days", "30d": "the last 30 days"}
LOOK_AGAIN_S = 2  # while it is tried
UNDER_WAY = ("waiting", "running")


@router.get("/rules/draft")
async def show(request: Request, database: Db, signed: Operator, number: Number = None, anew: Anew = False) -> Response:
    """Shows the draft that was typed last, else the rules in force or those of an earlier publication, to change and try them."""
    said = await of_monitor(request, "/v1/rules/published")
    history = said.answer if isinstance(said, Done) else {}
    base, text = _whole(history.get("base")), str(history.get("rules") or "")
    typed = None
    if number is not None:
        earlier = await of_monitor(request, f"/v1/rules/published/{number}")
        text = str(earlier.answer.get("rules", "")) if isinstance(earlier, Done) else text
    elif not anew:
        async with database.connection() as tx:
            typed = await drafts.rules_typed(tx, signed.person)
    begun, text = typed or (base, text)
    is_long = not text and history.get("rules", "") is None
    return await _drawn(request, {"base": begun, "latest": base, "rules": text, "kept": typed is not None, "is_long": is_long})


@router.post("/rules/draft/try")
async def try_it(request: Request, database: Db, signed: Operator) -> Response:
    """Has monitor try the draft, and leads to the page that shows how far it is."""
    typed = await texts_of(request)
    text, base = typed.get("rules", "").replace("\r\n", "\n").replace("\0", ""), _whole(typed.get("base"))
    async with database.transaction() as tx:
        await drafts.keep(tx, signed.person, drafts.of_rules(base), text[: drafts.LONGEST])
    body = {"rules": text, "base": base, "since": typed.get("since", "7d")}
    asked = await perform(request, "monitor.try_rules", where={}, body=body, subject="rules:draft")
    if isinstance(asked, Refused):
        return await _drawn(request, {"base": base, "latest": base, "rules": text, "kept": False, "is_long": False}, asked)
    id_ = asked.answer.get("id")
    return done_at(request, f"/rules/draft/{segment(id_)}" if id_ else "/rules/draft")


@router.get("/rules/draft/{backtest_id}")
async def show_trial(request: Request, signed: Operator, backtest_id: str) -> Response:  # noqa: ARG001  who may look
    """Shows how far monitor is with a draft, or what it found, and what becomes of each rule when it is published."""
    _expect(backtest_id)
    return await _drawn_trial(request, backtest_id)


@router.post("/rules/draft/{backtest_id}/publish")
async def publish(request: Request, database: Db, signed: Operator, backtest_id: str) -> Response:
    """Publishes a draft as it was tried."""
    _expect(backtest_id)
    said = await of_monitor(request, f"/v1/backtests/{segment(backtest_id)}")
    if isinstance(said, Refused):
        return await _drawn_trial(request, backtest_id, said)
    base = _whole(said.answer.get("base"))
    typed = await texts_of(request)
    body = {"rules": str(said.answer.get("rules", "")), "base": base, "note": typed.get("note", "")} | looked_at(typed)
    done = await perform(request, "monitor.publish_rules", where={}, body=body, subject="rules:published", before={"base": base})
    if isinstance(done, Refused):
        return await _drawn_trial(request, backtest_id, done)
    await _forget(database, signed.person, base, await form_id_of(request))
    return done_at(request, "/rules")


def _expect(backtest_id: str) -> None:
    """Raises a 404 problem for what cannot be the id of a backtest, which monitor need not be asked for."""
    if not is_id(backtest_id):
        raise Problem(404, "there is no such backtest")


async def _forget(database: Database, person: str, base: int, form_id: str) -> None:
    async with database.transaction() as tx:
        await drafts.sent(tx, person, drafts.of_rules(base), form_id)


async def _drawn(request: Request, draft: Mapping[str, Any], refused: Refused | None = None) -> Response:
    said = await of_monitor(request, "/v1/backtests")
    tried = listed(said.answer, "items") if isinstance(said, Done) else []
    return draw(
        request,
        "rules/draft.html",
        status=refused.status if refused else 200,
        answers=isinstance(said, Done),
        draft=draft,
        place=drafts.of_rules(draft["base"]),
        longest=drafts.LONGEST,
        spans=SPANS,
        tried=[each | {"asked_at": moment(each.get("asked_at"))} for each in tried if "id" in each],
        refused=refused,
    )


async def _drawn_trial(request: Request, backtest_id: str, refused: Refused | None = None) -> Response:
    said, in_force = await asyncio.gather(of_monitor(request, f"/v1/backtests/{segment(backtest_id)}"), of_monitor(request, "/v1/rules"))
    told = said.answer if isinstance(said, Done) else {}
    outcome = told.get("outcome")
    wrong = refused or (said if isinstance(said, Refused) else None)
    drawn = draw(
        request,
        "rules/trial.html",
        status=wrong.status if wrong else 200,
        told={"status": "", "reason": "", "done": 0, "size": None, "base": 0, "by": "", **told, "asked_at": moment(told.get("asked_at"))},
        changes=listed(told, "changes"),
        trial=trial_of(outcome) if isinstance(outcome, dict) else None,
        latest=_whole(in_force.answer.get("base")) if isinstance(in_force, Done) else None,
        form_path=f"/rules/draft/{segment(backtest_id)}/publish",
        refused=wrong,
    )
    if told.get("status") in UNDER_WAY and request.method == "GET":
        drawn.headers["Refresh"] = str(LOOK_AGAIN_S)
    return drawn


def _whole(said: object) -> int:
    """Returns the number that an answer or a form says; 0 when it says none."""
    return int(said) if isinstance(said, int) or (isinstance(said, str) and is_number(said)) else 0
