"""Draws what is stopped, and takes the two steps that stop more or let it go on: what it does is shown before it is done."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from services.console.acting.acts import ACTS
from services.console.acting.outcome import Done, Refused
from services.console.acting.performing import perform, texts_of
from services.console.acting.watching import CONSENT
from services.console.frame.answers import listed, text
from services.console.frame.consent import thrown_in
from services.console.frame.drawing import draw
from services.console.pages.notifier import changed_at, logged, of_notifier
from services.console.pages.switches.turning import CHANNELS, EMPTY, body_of, button_of, effect_of, subject_of, trouble, typed_of
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow

router = APIRouter(dependencies=[allow(Role.VIEWER)])

RULES = "/v1/rules?limit=500"


@router.get("/switches")
async def show(request: Request) -> Response:
    """Shows what is stopped, what people did lately, and the form of those who may stop more."""
    return await _drawn(request)


@router.post("/switches/confirm", dependencies=[allow(Role.OPERATOR)])
async def confirm(request: Request) -> Response:
    """Shows what a switch would do; nothing is done yet."""
    typed = typed_of(await texts_of(request))
    releases = typed["thrown"] == "false"
    if why := trouble(typed, needs_reason=not releases):
        return await _drawn(request, Refused(422, why), typed)
    return await _asked(request, typed)


@router.post("/switches/turn", dependencies=[allow(Role.OPERATOR)])
async def turn(request: Request) -> Response:
    """Throws the switch, or releases it."""
    typed = typed_of(await texts_of(request))
    if why := trouble(typed):
        return await _drawn(request, Refused(422, why), typed)
    outcome = await perform(request, "switch.turn", where={}, body=body_of(typed), subject=subject_of(typed))
    return await _asked(request, typed, outcome) if isinstance(outcome, Refused) else await changed_at(request, "/switches")


async def _asked(request: Request, typed: Mapping[str, str], refused: Refused | None = None) -> Response:
    """Draws the second step."""
    return draw(
        request,
        "switches/confirm.html",
        status=refused.status if refused else 200,
        typed=typed,
        effect=effect_of(typed),
        button=button_of(typed),
        doubt=await _doubt(request, typed),
        refused=refused,
    )


async def _doubt(request: Request, typed: Mapping[str, str]) -> str:
    """Returns why the name may be a mistake; empty when it is known, or notifier does not say."""
    if typed["scope"] == "channel" and typed["name"] not in CHANNELS:
        return f"There is no channel of this name: {', '.join(CHANNELS)}."
    if typed["scope"] != "rule":
        return ""
    said = await of_notifier(request, RULES)
    known = {text(each, "rule") for each in listed(said.answer, "items")} if isinstance(said, Done) else {typed["name"]}
    return "" if typed["name"] in known else "No rule of this name has had anything told yet: look whether it is written as in rules.yml."


async def _drawn(request: Request, refused: Refused | None = None, typed: Mapping[str, str] = EMPTY) -> Response:
    said, entries = await asyncio.gather(of_notifier(request, "/v1/switches"), logged(request))
    return draw(
        request,
        "switches/page.html",
        live=(CONSENT,),
        status=refused.status if refused else 200,
        answers=isinstance(said, Done),
        thrown=thrown_in(said.answer) if isinstance(said, Done) else (),
        entries=entries,
        may_turn=request.state.signed.role.may(ACTS["switch.turn"].role),
        refused=refused.words if refused else "",
        switch=typed,
    )
