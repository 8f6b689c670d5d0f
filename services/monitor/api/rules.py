"""The rules in force over HTTP, and the way to have their file read anew."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from services.monitor.rules.versions import Change, Compared
from services.monitor.ruling import Ruling
from services.monitor.store.rules import queries
from shared.api import Db, IdempotencyKey, Problem, Role, allow, once
from shared.configuration.files import ConfigError
from shared.postgres import Tx


class RuleView(BaseModel):
    """One rule. Decisions name its version in their `why`."""

    id: str
    detector: str
    version: str


class RulesView(BaseModel):
    """The rules that the process which answers judges by."""

    version: str  # of all of them together
    mistake: str  # in the file as it was read last, since when the rules are those of before; empty when there is none
    rules: list[RuleView]


class ChangeView(RuleView):
    """What becomes of one rule when the file is read anew."""

    change: Change


class Reloading(BaseModel):
    """Every process was asked to read its rules anew, and does so within seconds."""

    asked: int  # how often somebody has asked so far
    rules: list[ChangeView]


def rules_router(ruling: Ruling) -> APIRouter:
    """Makes the endpoints about the rules of this process."""
    router = APIRouter(prefix="/v1/rules", tags=["rules"])

    @router.get("", dependencies=[allow(Role.AGENT)])
    async def list_rules() -> RulesView:
        """Returns the rules in force, in their order."""
        rules = [RuleView(id=rule.id, detector=rule.detector, version=rule.version) for rule in ruling.file.rules]
        return RulesView(version=ruling.version, mistake=ruling.mistake, rules=rules)

    @router.post("/reload", status_code=202, response_model=Reloading, dependencies=[allow(Role.OPERATOR)])
    async def reload_rules(request: Request, database: Db, key: IdempotencyKey = None) -> Response:
        """Has every process of monitor read rules.yml anew. 422 names each mistake with file and line; then nothing changes."""
        changes = _preview(ruling)

        async def ask(tx: Tx) -> Reloading:
            return Reloading(asked=await tx.fetchval(queries.ask), rules=[_view(each) for each in changes])

        return await once(request, database, key, ask, status=202)

    return router


def _preview(ruling: Ruling) -> list[Compared]:
    try:
        return ruling.preview()
    except ConfigError as error:
        errors = [dict(zip(("at", "why"), line.split(": ", 1), strict=False)) for line in str(error).split("\n")]
        raise Problem(422, "rules.yml does not say what it must; the rules stay as they are", errors=errors) from None


def _view(each: Compared) -> ChangeView:
    return ChangeView(id=each.id, detector=each.detector, version=each.version, change=each.change)
