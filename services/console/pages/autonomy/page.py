"""Draws the record and the step of each rule, and moves a rule in two steps: what it would mean is shown before it is done."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from services.console.acting.acts import ACTS
from services.console.acting.outcome import Done, Refused
from services.console.acting.performing import perform, texts_of
from services.console.acting.watching import CONSENT
from services.console.frame.answers import listed, text
from services.console.frame.drawing import draw
from services.console.frame.words import segment
from services.console.pages.autonomy.record import STEPS, Record, record_of
from services.console.pages.notifier import changed_at, logged, of_notifier
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.answers import Cursor, Name

router = APIRouter(dependencies=[allow(Role.VIEWER)])

ROWS = 100
MOST = 500  # rules among which one is looked for


@router.get("/rules/autonomy")
async def show(request: Request, cursor: Cursor = None) -> Response:
    """Shows the records of rules, by name."""
    place = f"&cursor={segment(cursor)}" if cursor else ""
    said = await of_notifier(request, f"/v1/rules?limit={ROWS}{place}")
    answer = said.answer if isinstance(said, Done) else {}
    return draw(
        request,
        "autonomy/page.html",
        live=(CONSENT,),
        answers=isinstance(said, Done),
        records=[record_of(each) for each in listed(answer, "items")],
        next=text(answer, "next") or None,
    )


@router.get("/rules/autonomy/{rule}")
async def show_rule(request: Request, rule: Name) -> Response:
    """Shows one rule: its record, its step, and who has moved it and why. A rule that told nothing yet has a step, too."""
    return await _drawn(request, rule)


@router.post("/rules/autonomy/{rule}/confirm", dependencies=[allow(Role.OPERATOR)])
async def confirm(request: Request, rule: Name) -> Response:
    """Shows what a step would mean for the rule; nothing is done yet."""
    typed = await texts_of(request)
    if why := _trouble(typed):
        return await _drawn(request, rule, Refused(422, why), typed)
    return await _drawn(request, rule, typed=typed, asks=True)


@router.post("/rules/autonomy/{rule}/step", dependencies=[allow(Role.OPERATOR)])
async def move(request: Request, rule: Name) -> Response:
    """Moves the rule."""
    typed = await texts_of(request)
    if why := _trouble(typed):
        return await _drawn(request, rule, Refused(422, why), typed)
    body = {"step": typed["step"], "reason": typed["reason"]}
    outcome = await perform(request, "rule.step", where={"rule": rule}, body=body, subject=f"rule:{rule}")
    if isinstance(outcome, Refused):
        return await _drawn(request, rule, outcome, typed, asks=True)
    return await changed_at(request, f"/rules/autonomy/{segment(rule)}")


def _trouble(typed: Mapping[str, str]) -> str:
    """Returns what is wrong with the form; empty when nothing is."""
    if typed.get("step") not in STEPS:
        return "Choose a step."
    return "" if typed.get("reason", "").strip() else "Say why: colleagues read it."


async def _drawn(
    request: Request, rule: str, refused: Refused | None = None, typed: Mapping[str, str] | None = None, *, asks: bool = False
) -> Response:
    """Draws the rule's page; `asks`: with the second step of moving it."""
    said, entries = await asyncio.gather(of_notifier(request, f"/v1/rules?limit={MOST}"), logged(request, f"rule {rule}"))
    return draw(
        request,
        "autonomy/rule.html",
        live=(CONSENT, f"rule:{rule}"),
        status=refused.status if refused else 200,
        rule=rule,
        record=_record(said, rule),
        answers=isinstance(said, Done),
        entries=entries,
        steps=STEPS,
        may_move=request.state.signed.role.may(ACTS["rule.step"].role),
        refused=refused,
        typed=typed or {},
        asks=asks,
    )


def _record(said: Done | Refused, rule: str) -> Record | None:
    items: list[dict[str, Any]] = listed(said.answer, "items") if isinstance(said, Done) else []
    return next((record_of(each) for each in items if text(each, "rule") == rule), None)
