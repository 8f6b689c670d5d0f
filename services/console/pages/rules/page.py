"""Draws the rules that monitor judges by beside what each has found, and lets an operator have rules.yml read anew."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response

from services.console.acting.acts import Owner
from services.console.acting.outcome import Done, Refused
from services.console.acting.owners import Owners
from services.console.acting.performing import perform
from services.console.frame.drawing import draw
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.postgres import Database, Queries

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter(dependencies=[allow(Role.VIEWER)])

PATIENCE_S = 1.5
SHADOWS = "/v1/incidents?shadow=true&limit=20"  # a fact says that there is one; what it found monitor has
PERSON = "console"  # in whose name monitor is asked, since the answer is for whoever looks


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


async def _drawn(request: Request, asked: Done | Refused | None = None) -> Response:
    database: Database = request.app.state.database
    owners: Owners = request.app.state.owners
    said, on_trial = await asyncio.gather(_of_monitor(owners, "/v1/rules"), _of_monitor(owners, SHADOWS))
    async with database.connection() as tx:
        found = {row["rule"]: dict(row) for row in await tx.fetch(queries.found_by_rules)}
    rules = said.answer if isinstance(said, Done) else {}
    shadows = _listed(on_trial.answer, "items") if isinstance(on_trial, Done) else []
    in_force, gone = rows(_listed(rules, "rules"), found)
    return draw(
        request,
        "rules/page.html",
        status=asked.status if isinstance(asked, Refused) else 200,
        live=("incidents",),
        answers=isinstance(said, Done),
        version=rules.get("version", ""),
        mistake=rules.get("mistake", ""),
        rules=in_force,
        gone=gone,
        shadows=[each | {name: _moment(each.get(name)) for name in ("opened_at", "ended_at")} for each in shadows if each.get("shadow")],
        refused=asked.words if isinstance(asked, Refused) else "",
        changes=_listed(asked.answer, "rules") if isinstance(asked, Done) else None,
    )


async def _of_monitor(owners: Owners, path: str) -> Done | Refused:
    return await owners.ask(Owner.MONITOR, "GET", path, person=PERSON, within=PATIENCE_S)


def _moment(said: object) -> datetime | None:
    return datetime.fromisoformat(said) if isinstance(said, str) else None


def rows(in_force: Iterable[Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]]) -> tuple[Sequence[Row], Sequence[Row]]:
    """Returns the rules in force, in their order, and those that found something and are not. Pure."""
    named = [Row(str(each.get("id", "")), str(each.get("detector", "")), str(each.get("version", "")), {}) for each in in_force]
    now = [Row(each.id, each.detector, each.version, found.get(each.id, {})) for each in named]
    known = {each.id for each in named}
    return now, [Row(rule, "", "", each) for rule, each in found.items() if rule not in known]


def _listed(said: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    listed = said.get(name)
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
