"""Draws what monitor makes of each source's records, and lets an operator try another mapping on the latest ones."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Form, Query, Request, Response

from services.console.acting.acts import Owner
from services.console.acting.outcome import Done, Refused
from services.console.acting.owners import Owners
from services.console.acting.performing import perform
from services.console.frame.drawing import draw
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.configuration.strict_yaml import Unsound, compose, value_of
from shared.postgres import Database

router = APIRouter(dependencies=[allow(Role.VIEWER)])

# What is shown where a version of monitor says less.
OF_SOURCE: dict[str, Any] = dict.fromkeys(("name", "kind", "format"), "") | dict.fromkeys(("mapped", "left_out", "unmapped", "bad"))
OF_REASON: dict[str, Any] = dict.fromkeys(("reason", "detail", "place", "shape"), "") | {"records": None}
OF_TRY: dict[str, Any] = dict.fromkeys(("mapped", "left_out", "refused")) | {"types": {}, "reasons": []}
PATIENCE_S = 1.5
PERSON = "console"  # in whose name monitor is asked, since the answer is for whoever looks
SILENT = timedelta(hours=1)  # after which a source is shown as silent

Topic = Annotated[str, Form(max_length=255)]


@router.get("/sources")
async def show(request: Request, topic: Annotated[str, Query(max_length=255)] = "") -> Response:
    """Shows the sources; with `topic` the form that tries a mapping of that topic."""
    return await _drawn(request, topic)


@router.post("/sources/try", dependencies=[allow(Role.OPERATOR)])
async def try_mapping(
    request: Request, topic: Topic, mapping: Annotated[str, Form(max_length=50_000)] = "", last: Annotated[int, Form(ge=1, le=500)] = 100
) -> Response:
    """Tries a mapping on the latest records of a topic, and shows what they would become. Nothing is changed."""
    try:
        said = _read(mapping)
    except Unsound as error:
        return await _drawn(request, topic, mapping, Refused(422, f"The mapping is not what YAML allows: {error}."))
    body = {"topic": topic, "mapping": said, "last": last}
    tried = await perform(request, "monitor.try_mapping", where={}, body=body, subject=f"sources:{topic}")
    return await _drawn(request, topic, mapping, tried)


def _read(mapping: str) -> Any:
    """Returns what the YAML says; None when it is empty. Raises Unsound."""
    node = compose(mapping.encode(errors="replace"))
    held = None if node is None else value_of(node)
    if held is not None and not isinstance(held, dict):
        raise Unsound((1, "it begins with the name of a key, as `events:`"))
    return held


async def _drawn(request: Request, topic: str, mapping: str = "", tried: Done | Refused | None = None) -> Response:
    owners: Owners = request.app.state.owners
    database: Database = request.app.state.database
    said = await owners.ask(Owner.MONITOR, "GET", "/v1/sources", person=PERSON, within=PATIENCE_S)
    async with database.connection() as tx:
        now: datetime = await tx.fetchval("SELECT clock()")
    listed = said.answer.get("sources") if isinstance(said, Done) else None
    sources = [_row(each, now) for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    chosen = next((each for each in sources if each.get("kind") == "topic" and each.get("name") == topic), None)
    return draw(
        request,
        "sources/page.html",
        status=tried.status if isinstance(tried, Refused) else 200,
        answers=isinstance(said, Done),
        sources=sources,
        chosen=chosen,
        mapping=mapping or (_written(chosen) if chosen else ""),
        refused=tried.words if isinstance(tried, Refused) else "",
        tried=_tried(tried.answer) if isinstance(tried, Done) else None,
    )


def _row(said: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Returns a source with its moments read, and whether it is silent."""
    moments = {name: _moment(said.get(name)) for name in ("since", "last_at", "mapped_at")}
    last = moments["last_at"]
    said_why = [each for each in said.get("reasons") or () if isinstance(each, dict)]
    reasons = [OF_REASON | each | {"last_at": _moment(each.get("last_at"))} for each in said_why]
    return {**OF_SOURCE, **said, **moments, "reasons": reasons, "silent": last is not None and now - last > SILENT}


def _written(source: Mapping[str, Any]) -> str:
    """Returns the mapping in force as sources.yml would have it."""
    return yaml.safe_dump(source.get("mapping") or {}, sort_keys=False, allow_unicode=True, width=120)


def _tried(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what came of a try, with its events as text; without records when the form was sent before."""
    events = [yaml.safe_dump(each, sort_keys=False, allow_unicode=True, width=120) for each in answer.get("events") or ()]
    return {**(OF_TRY if "records" in answer else {}), **answer, "events": events}


def _moment(said: object) -> datetime | None:
    return datetime.fromisoformat(said) if isinstance(said, str) else None
