"""Other systems post webhooks: each hook of sources.yml is a path that asks for its own secret, and for no token of ours."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from services.monitor import metrics
from services.monitor.settings import MonitorSettings
from services.monitor.sources.hooks.memory import Fired
from services.monitor.sources.hooks.model import Hook
from services.monitor.sources.hooks.opened import Made, OpenHook, fresh
from services.monitor.sources.hooks.said import Reported, Said
from services.monitor.sources.hooks.signatures import Headers, Signed, Unsigned
from services.monitor.store import hook_alerts, sources
from shared.api import Db, Problem, Role, caller_of
from shared.cloudevents import Reason, Undecodable
from shared.configuration import secret_rules
from shared.configuration.files import ConfigError
from shared.outbox import Lane, Message, put
from shared.postgres import Database

PATH = "/v1/hooks/"
UNREAD = (400, 413)
MOST_SECRETS = 2  # that one file holds: the new one, and the one before it

Hooks = Mapping[str, OpenHook]


class Taken(BaseModel):
    """Says how many events are on their way, and what was left out of them, by reason."""

    status: str = "success"  # what senders of PagerDuty's form look for
    accepted: int
    left_out: dict[str, int] = {}
    dedup_key: str | None = None


def router_of(hooks: Hooks) -> APIRouter:
    """Makes the route of these hooks."""
    router = APIRouter(prefix="/v1")

    @router.post("/hooks/{name}", status_code=202, response_model=Taken, response_model_exclude_none=True, tags=["events"])
    async def take_webhook(request: Request, database: Db, name: str) -> Response:
        """Takes a webhook of another system, signed as that system does it with the secret of the hook; answers when it is stored.

        All or nothing: 400 says what cannot be read, 401 what is wrong with the signature. Sent again, it counts once. An alert that
        names no component is left out, and the answer says so. Where no hook is called so, a token is needed, and it is 404.
        """
        hook = hooks.get(name)
        if hook is None:
            raise _unknown(request)
        raw, headers = await request.body(), {each.lower(): value for each, value in request.headers.items()}
        signed = _signed(hook, headers, raw)
        async with _counted(database, hook), database.transaction() as tx:
            now: datetime = await tx.fetchval("SELECT clock()")
            if stale := fresh(signed.at, now):
                raise _refused(hook, stale)
            said = _said(hook, headers, raw, now)
            keys = {each.key for each in said.what if isinstance(each, Reported) and each.is_recalled}
            made = _made(hook, said, now, await hook_alerts.fired(tx, hook.name, keys, now) if keys else {})
            if keys:
                await hook_alerts.keep_fired(tx, hook.name, keys, made.fired, now)
            await put(tx, [Message(each.topic, each.key, each.value) for each in made.ready], Lane.BULK)
            await sources.count(tx, sources.of_hook(hook.name), sources.Heard(len(made.ready), sum(made.left_out.values())))
        _count(hook, said, made)
        taken = Taken(accepted=len(made.ready), left_out=dict(made.left_out), **said.answer)
        return Response(taken.model_dump_json(exclude_none=True), 202, media_type="application/json")

    return router


@asynccontextmanager
async def _counted(database: Database, hook: OpenHook) -> AsyncIterator[None]:
    """Counts a request that was signed with the secret, and cannot be read or made events of, in a transaction of its own."""
    try:
        yield
    except Problem as problem:
        if problem.status_code in UNREAD:
            wrong = next(iter(problem.extra.get("errors", ())), None)  # the first event that cannot be made
            reason, detail = (wrong["reason"], wrong["detail"]) if wrong else (problem.extra["reason"], problem.detail)
            heard = sources.Heard(unmapped=bool(wrong), bad=not wrong, reasons={str(reason): sources.Why(1, detail)})
            async with database.transaction() as tx:
                await sources.count(tx, sources.of_hook(hook.name), heard)
        raise


def _unknown(request: Request) -> Problem:
    """Returns what a caller with a token of ours is answered; without one nobody comes here."""
    if not caller_of(request).may(Role.PRODUCER):
        return Problem(403, f"this needs the role {Role.PRODUCER}")
    return Problem(404, "sources.yml has no hook of this name")


def _signed(hook: OpenHook, headers: Headers, raw: bytes) -> Signed:
    verdict = hook.judge(headers, raw)
    if isinstance(verdict, Unsigned):
        raise _refused(hook, verdict)
    return verdict


def _refused(hook: OpenHook, why: Unsigned) -> Problem:
    metrics.HOOK_REQUESTS.labels(hook.name, "refused").inc()
    return Problem(401, why.why, headers={"WWW-Authenticate": "Bearer"})


def _said(hook: OpenHook, headers: Headers, raw: bytes, now: datetime) -> Said:
    """Returns what the request says. Raises the problem that says why it cannot be read."""
    try:
        return hook.read(headers, raw, now)
    except Undecodable as error:
        metrics.HOOK_REQUESTS.labels(hook.name, "malformed").inc()
        raise Problem(413 if error.reason is Reason.TOO_LARGE else 400, error.detail, reason=error.reason) from None


def _made(hook: OpenHook, said: Said, now: datetime, fired: Mapping[str, Fired]) -> Made:
    """Returns what becomes of it. Raises the problem that names each event that cannot be made."""
    made = hook.made(said, now, fired)
    if made.refused:
        metrics.HOOK_REQUESTS.labels(hook.name, "malformed").inc()
        errors = [{"reason": each.reason, "detail": each.where} for each in made.refused]
        raise Problem(400, f"{len(errors)} of {len(said.what)} events cannot be made; none was accepted", errors=errors)
    return made


def _count(hook: OpenHook, said: Said, made: Made) -> None:
    metrics.HOOK_REQUESTS.labels(hook.name, "accepted").inc()
    for fate, count in {"written": len(made.ready), "truncated": said.truncated, **made.left_out}.items():
        metrics.HOOK_EVENTS.labels(hook.name, fate).inc(count)


# ── the secrets ──────────────────────────────────────────────────────────────────────────────


def opened(hooks: list[Hook], settings: MonitorSettings) -> Hooks:
    """Returns the hooks with their secrets. Raises ConfigError with every secret that is missing, or none outside demo."""
    mistakes: list[str] = []
    found = {each.secret: _secrets(each, settings, mistakes) for each in hooks}
    values = {f"secret {name} of hooks, line {line}": value for name, lines in found.items() for line, value in enumerate(lines, 1)}
    if settings.environment != "demo":
        mistakes += secret_rules.troubles(values, frozenset())
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    for hook in hooks:
        for outcome in metrics.HOOK_OUTCOMES:
            metrics.HOOK_REQUESTS.labels(hook.name, outcome)
    return {hook.name: OpenHook(hook, found[hook.secret]) for hook in hooks}


def _secrets(hook: Hook, settings: MonitorSettings, mistakes: list[str]) -> list[str]:
    """Returns the secrets of a hook's file, one a line; what is wrong with it becomes one of the mistakes."""
    try:
        held = secret_rules.read_file(f"hook {hook.name}", str(settings.hooks_folder / hook.secret))
    except ValueError as error:
        mistakes.append(str(error))
        return []
    lines = [line.strip() for line in held.splitlines() if line.strip()]
    if not 1 <= len(lines) <= MOST_SECRETS:
        mistakes.append(f"hook {hook.name}: the file {hook.secret} has {len(lines)} secrets; it holds one, or two while they are rotated")
    mistakes.extend(f"hook {hook.name}: a secret in the file {hook.secret} {why}" for line in lines if (why := _trouble(line, settings)))
    return lines


def _trouble(secret: str, settings: MonitorSettings) -> str | None:
    """Returns why this is no secret of a hook; None when it is one."""
    if not secret_rules.sendable(secret):
        return "has spaces, control characters or letters beyond ASCII"
    return secret_rules.weakness(secret) if settings.environment != "demo" else None
