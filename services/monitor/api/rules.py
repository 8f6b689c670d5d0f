"""The rules in force over HTTP: their file is read anew, others are published in its place, and it is gone back to the file."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from services.monitor.rules.file import RulesFile
from services.monitor.rules.versions import Change, Compared, version_of
from services.monitor.ruling import Ruling, written
from services.monitor.store import rules as store
from services.monitor.store.rules import Publication, queries
from shared.api import Body, Caller, Db, IdempotencyKey, Problem, Role, allow, once
from shared.configuration.files import ConfigError
from shared.postgres import Tx

LONGEST = 100_000  # characters of rules that come over HTTP
STAY = "rules.yml does not say what it must; the rules stay as they are"

RulesText = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern="^[^\x00]*$", description="as in a rules.yml")]
Note = Annotated[str, Field(max_length=500, pattern="^[^\x00]*$", description="why, for other operators")]
Base = Annotated[int, Field(ge=0, le=2**31 - 1, description="`base` of GET /v1/rules when the draft was begun")]
Version = Annotated[str, Field(pattern="^[0-9a-f]{12}$", description="`version` of GET /v1/rules, or of the backtest, that was looked at")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


class RuleView(BaseModel):
    """One rule. Decisions name its version in their `why`."""

    id: str
    detector: str
    version: str


class PublicationView(BaseModel):
    """Rules that somebody published, or the return to rules.yml."""

    number: int
    to_file: bool  # the return to rules.yml
    note: str
    by: str
    at: datetime


class RulesView(BaseModel):
    """The rules that the process which answers judges by."""

    version: str  # of all of them together
    source: Literal["file", "published"]  # rules.yml, or what somebody published in its place
    published: PublicationView | None  # whose rules are in force; null when those of the file are
    base: int  # of a draft that begins now: the number of what was published last
    file_differs: bool  # rules.yml says something else than when the rules in force were published
    mistake: str  # in what was read last, since when the rules are those of before, or of the file; empty when there is none
    rules: list[RuleView]


class ChangeView(RuleView):
    """What becomes of one rule when others are in force."""

    change: Change


class Reloading(BaseModel):
    """Every process was asked to read its rules anew, and does so within seconds."""

    asked: int  # how often somebody has asked so far
    rules: list[ChangeView]


class Publishing(Body):
    """Somebody publishes rules in place of rules.yml."""

    rules: RulesText
    note: Note = ""
    base: Base
    version: Version | None = None  # with it, rules.yml read anew meanwhile is a conflict, too


class Returning(Body):
    """Somebody puts rules.yml in force again."""

    note: Note = ""
    base: Base | None = None


class Published(Reloading):
    """Other rules are in force in every process within seconds."""

    number: int


class History(BaseModel):
    """The rules in force as they are written, and what was published so far, the latest first."""

    base: int
    rules: str | None  # null when they are too long to come over HTTP: such rules stand in rules.yml
    items: list[PublicationView]


class PublishedText(PublicationView):
    """One publication with its rules as they are written; empty for a return to rules.yml."""

    rules: str


def rules_router(ruling: Ruling) -> APIRouter:
    """Makes the endpoints about the rules of this process."""
    router = APIRouter(prefix="/v1/rules", tags=["rules"])

    @router.get("", dependencies=[allow(Role.AGENT)])
    async def list_rules() -> RulesView:
        """Returns the rules in force, in their order."""
        return _in_force(ruling)

    @router.post("/reload", status_code=202, response_model=Reloading, dependencies=[allow(Role.OPERATOR)])
    async def reload_rules(request: Request, database: Db, key: IdempotencyKey = None) -> Response:
        """Has every process of monitor read rules.yml anew. 422 names each mistake with file and line; then nothing changes."""
        changes = _preview(ruling)

        async def ask(tx: Tx) -> Reloading:
            return Reloading(asked=await tx.fetchval(queries.ask), rules=changes)

        return await once(request, database, key, ask, status=202)

    router.include_router(_publications(ruling))
    return router


OTHERS = "something else was published meanwhile (`current` is its number), or rules.yml was read anew (`version` says to what)"
MAY_FAIL: dict[int | str, dict[str, str]] = {409: {"description": OTHERS}}


def _publications(ruling: Ruling) -> APIRouter:
    router = APIRouter()

    @router.post("/publish", status_code=202, response_model=Published, responses=MAY_FAIL)
    async def publish_rules(
        request: Request, database: Db, who: Annotated[Caller, allow(Role.OPERATOR)], said: Publishing, key: IdempotencyKey = None
    ) -> Response:
        """Puts these rules in force in place of rules.yml. 422 names each mistake with its line; then nothing changes."""
        rules = await read_rules(said.rules)
        return await once(request, database, key, lambda tx: _put(tx, ruling, rules, said, who.person), status=202)

    @router.post("/back-to-file", status_code=202, response_model=Published, responses=MAY_FAIL)
    async def back_to_file(
        request: Request,
        database: Db,
        who: Annotated[Caller, allow(Role.OPERATOR)],
        said: Returning = Returning(),  # noqa: B008  immutable
        key: IdempotencyKey = None,
    ) -> Response:
        """Puts rules.yml, as it was read last, in force again. 409 when it is."""
        return await once(request, database, key, lambda tx: _put(tx, ruling, ruling.of_file.rules, said, who.person), status=202)

    @router.get("/published", dependencies=[allow(Role.AGENT)])
    async def list_published(database: Db) -> History:
        """Returns the rules in force as they are written, and the publications, of which some hundred are kept."""
        async with database.connection() as connection:
            rows = await connection.fetch(queries.list_published)
        text = ruling.text if len(ruling.text) <= LONGEST else None
        return History(base=ruling.base, rules=text, items=[PublicationView(**row) for row in rows])

    @router.get("/published/{number}", dependencies=[allow(Role.AGENT)], responses={404: {"description": "it is not there"}})
    async def read_published(database: Db, number: Number) -> PublishedText:
        """Returns one publication with its rules as they are written."""
        async with database.connection() as connection:
            found = await store.published(connection, number)
        if found is None:
            raise Problem(404, "there is no such publication, or not any more")
        return PublishedText(**_publication(found).model_dump(), rules=found.text or "")

    return router


async def _put(tx: Tx, ruling: Ruling, rules: RulesFile, said: Publishing | Returning, by: str) -> Published:
    """Publishes, or goes back to the file, unless somebody else was first."""
    asked = await tx.fetchval(queries.ask)  # first: who publishes next waits here
    latest = await store.latest(tx)
    current = 0 if latest is None else latest.number
    if said.base not in (None, current):
        raise Problem(409, "something else was published meanwhile", current=current)
    text = said.rules if isinstance(said, Publishing) else None
    if isinstance(said, Publishing) and said.version not in (None, ruling.version):
        raise Problem(
            409, "other rules are in force than those you looked at: rules.yml was read anew", current=current, version=ruling.version
        )
    if text is None and (latest is None or latest.text is None):
        raise Problem(409, "rules.yml is in force", current=current)
    number = await store.publish(tx, text, said.note, version_of(ruling.of_file.rules), by)
    return Published(asked=asked, number=number, rules=views(ruling.changes_to(rules)))


async def read_rules(text: str) -> RulesFile:
    """Returns what rules over HTTP say, read in a thread. Raises a 422 problem that names each mistake with its line."""
    try:
        return (await asyncio.to_thread(written, text, "rules.yml")).rules
    except ConfigError as error:
        raise _mistakes(error) from None


def _preview(ruling: Ruling) -> list[ChangeView]:
    try:
        return views(ruling.preview())
    except ConfigError as error:
        raise _mistakes(error) from None


def _mistakes(error: ConfigError) -> Problem:
    errors = [dict(zip(("at", "why"), line.split(": ", 1), strict=False)) for line in str(error).split("\n")]
    return Problem(422, STAY, errors=errors)


def views(changes: list[Compared]) -> list[ChangeView]:
    """Returns what becomes of rules as people see it."""
    return [ChangeView(id=each.id, detector=each.detector, version=each.version, change=each.change) for each in changes]


def _in_force(ruling: Ruling) -> RulesView:
    published = ruling.published
    return RulesView(
        version=ruling.version,
        source="file" if published is None else "published",
        published=None if published is None else _publication(published),
        base=ruling.base,
        file_differs=ruling.file_differs,
        mistake=ruling.mistake,
        rules=[RuleView(id=rule.id, detector=rule.detector, version=rule.version) for rule in ruling.file.rules],
    )


def _publication(of: Publication) -> PublicationView:
    return PublicationView(number=of.number, to_file=of.text is None, note=of.note, by=of.by, at=of.at)
