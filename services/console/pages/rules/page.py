"""Draws the rules that monitor judges by beside what each has found, and what was published; operators read anew and roll back."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response

from services.console.acting.outcome import Done, Refused
from services.console.acting.performing import done_at, perform, texts_of
from services.console.frame.drawing import draw
from services.console.pages.rules.asking import is_number, looked_at, of_monitor
from services.console.pages.rules.trial import listed, moment
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.answers import Name
from shared.api import Problem
from shared.postgres import Database, Queries

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(dependencies=[allow(Role.VIEWER)])

SHADOWS = "/v1/incidents?shadow=true&limit=20"  # a fact says that there is one; what it found monitor has
CANDIDATES = "/v1/incidents?status=candidate&limit=20"


@dataclass(frozen=True)
class Row:
    """Is one rule: as monitor has it (empty when it has none of this name, or does not answer), and what it has found."""

    id: str
    detector: str
    version: str
    found: Mapping[str, Any]


@router.get("/rules")
async def show(request: Request) -> Response:
    """Shows the rules in force and what they found in 30 days."""
    return await _drawn(request)


@router.post("/rules/reload", dependencies=[allow(Role.OPERATOR)])
async def reload(request: Request) -> Response:
    """Has monitor read rules.yml anew, and shows what becomes of each rule, or what is wrong with the file."""
    return await _drawn(request, await perform(request, "monitor.reload_rules", where={}, body={}, subject="rules:rules.yml"))


@router.post("/rules/publish-again", dependencies=[allow(Role.OPERATOR)])
async def publish_again(request: Request) -> Response:
    """Publishes what was published before."""
    typed = await texts_of(request)
    number = typed.get("number", "")
    if not is_number(number):
        raise Problem(422, "a publication has a number")
    earlier = await of_monitor(request, f"/v1/rules/published/{number}")
    if isinstance(earlier, Refused):
        return await _drawn(request, earlier)
    body = _standing(typed) | looked_at(typed) | {"rules": str(earlier.answer.get("rules", ""))}
    return await _moved(request, await perform(request, "monitor.publish_rules", where={}, body=body, subject=f"rules:published {number}"))


@router.post("/rules/back-to-file", dependencies=[allow(Role.OPERATOR)])
async def back_to_file(request: Request) -> Response:
    """Puts rules.yml in force again."""
    body = _standing(await texts_of(request))
    return await _moved(request, await perform(request, "monitor.rules_of_file", where={}, body=body, subject="rules:rules.yml"))


@router.post("/candidates/{incident_id}/approve", dependencies=[allow(Role.LEAD)])
async def approve(request: Request, incident_id: Name) -> Response:
    """Has the candidate be an incident, which is told from now on."""
    return await _decided(request, "candidate.approve", incident_id, "reason")


@router.post("/candidates/{incident_id}/dismiss", dependencies=[allow(Role.LEAD)])
async def dismiss(request: Request, incident_id: Name) -> Response:
    """Drops the candidate; only what customers write from now on can make another."""
    return await _decided(request, "candidate.dismiss", incident_id, "note")


async def _decided(request: Request, act: str, incident_id: str, why: str) -> Response:
    """Does this about a candidate; `why`: how monitor calls the words that say why."""
    said = {why: (await texts_of(request)).get(why, "")}
    return await _moved(
        request, await perform(request, act, where={"incident_id": incident_id}, body=said, subject=f"incident:{incident_id}")
    )


def _standing(typed: Mapping[str, str]) -> dict[str, Any]:
    """Returns why, and what was published last when the page was drawn. What is no number monitor refuses."""
    return {"note": typed.get("note", ""), "base": typed.get("base", "")}


async def _moved(request: Request, done: Done | Refused) -> Response:
    return await _drawn(request, done) if isinstance(done, Refused) else done_at(request, "/rules")


async def _drawn(request: Request, asked: Done | Refused | None = None) -> Response:
    database: Database = request.app.state.database
    paths = "/v1/rules", SHADOWS, "/v1/rules/published", CANDIDATES
    said, on_trial, history, waiting = await asyncio.gather(*(of_monitor(request, path) for path in paths))
    async with database.connection() as tx:
        found = {row["rule"]: dict(row) for row in await tx.fetch(queries.found_by_rules)}
    rules = said.answer if isinstance(said, Done) else {}
    shadows = listed(on_trial.answer, "items") if isinstance(on_trial, Done) else []
    candidates = listed(waiting.answer, "items") if isinstance(waiting, Done) else []
    published = listed(history.answer, "items") if isinstance(history, Done) else []
    in_force, gone = rows(listed(rules, "rules"), found)
    return draw(
        request,
        "rules/page.html",
        status=asked.status if isinstance(asked, Refused) else 200,
        live=("incidents",),
        answers=isinstance(said, Done),
        version=rules.get("version", ""),
        mistake=rules.get("mistake", ""),
        source=rules.get("source", "file"),
        base=rules.get("base", 0),
        file_differs=rules.get("file_differs", False),
        published=[each | {"at": moment(each.get("at"))} for each in published if "number" in each],
        rules=in_force,
        gone=gone,
        shadows=[each | {name: moment(each.get(name)) for name in ("opened_at", "ended_at")} for each in shadows if each.get("shadow")],
        candidates=[each | {"opened_at": moment(each.get("opened_at"))} for each in candidates if each.get("status") == "candidate"],
        may_approve=request.state.signed.role.may(Role.LEAD),
        refused=asked.words if isinstance(asked, Refused) else "",
        changes=listed(asked.answer, "rules") if isinstance(asked, Done) else None,
    )


def rows(in_force: Iterable[Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]]) -> tuple[Sequence[Row], Sequence[Row]]:
    """Returns the rules in force, in their order, and those that found something and are not. Pure."""
    named = [Row(str(each.get("id", "")), str(each.get("detector", "")), str(each.get("version", "")), {}) for each in in_force]
    now = [Row(each.id, each.detector, each.version, found.get(each.id, {})) for each in named]
    known = {each.id for each in named}
    return now, [Row(rule, "", "", each) for rule, each in found.items() if rule not in known]
