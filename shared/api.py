"""The REST edge every service shares: problems (RFC 9457), bearer tokens with roles, POSTs that act once, lists with cursors.

Errors every endpoint may give: 401 without a valid token, 403 with the wrong role, 413 above 1 MiB,
422 for a body that does not fit its schema, 503 with Retry-After while the database is away.
"""

import base64
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

import asyncpg
import msgspec
from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.cloudevents import MAX_BYTES
from shared.postgres import TRANSIENT, Database, Tx
from shared.settings import Settings

log = logging.getLogger(__name__)

# A key is its caller's own. What versions before migration 0005 kept has no caller, and counts as anybody's for its last day.
ANSWERED = "SELECT body_hash, status, response FROM idempotency WHERE key = $1 AND route = $2 AND caller IN ($3, '')"
CLAIM_KEY = """INSERT INTO idempotency (key, route, caller, body_hash, status, response) SELECT $1, $2, $3, $4, 0, ''
    WHERE NOT EXISTS (SELECT FROM idempotency WHERE key = $1 AND route = $2 AND caller = '') ON CONFLICT DO NOTHING"""
KEEP_ANSWER = "UPDATE idempotency SET status = $4, response = $5 WHERE key = $1 AND route = $2 AND caller = $3"

# What asyncpg and Postgres say of values that fit no type or no index of theirs (SQLSTATE classes 22 and 54).
UNSTORABLE = (asyncpg.DataError, asyncpg.ProgramLimitExceededError)


class Problem(HTTPException):
    """A refusal, as RFC 9457 wants it said. Make a new one for each: a raised exception keeps its frames, and they the request.

    It is an HTTPException, so that FastAPI hands it on also when it is raised while a body is read.
    """

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(status, detail, headers)
        self.extra = extra

    def response(self) -> Response:
        title = HTTPStatus(self.status_code).phrase
        body = {"type": "about:blank", "title": title, "status": self.status_code, "detail": self.detail, **self.extra}
        return Response(msgspec.json.encode(body), self.status_code, self.headers, "application/problem+json")


# ── who may ──────────────────────────────────────────────────────────────────────────────────


class Role(StrEnum):
    PRODUCER = "producer"  # product systems: send events and requests
    AGENT = "agent"  # support: works on tickets, reads everything
    OPERATOR = "operator"  # runs it: may do everything


_bearer = HTTPBearer(auto_error=False)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def allow(*roles: Role) -> Any:
    """A dependency that lets in whoever holds the token of one of these roles, or of the operator, and returns the role."""

    async def check(request: Request, credentials: Credentials) -> Role:
        settings: Settings = request.app.state.settings
        role = _role_of(credentials.credentials, settings) if credentials else None
        if role is None:
            raise _unknown_caller()
        if role is not Role.OPERATOR and role not in roles:
            raise Problem(403, f"this needs the role {' or '.join(roles)}")
        request.state.caller = str(role)
        return role

    return Depends(check)


def _unknown_caller() -> Problem:
    return Problem(401, "a valid bearer token is needed", headers={"WWW-Authenticate": "Bearer"})


def _role_of(token: str, settings: Settings) -> Role | None:
    held = {Role.PRODUCER: settings.producer_token, Role.AGENT: settings.agent_token, Role.OPERATOR: settings.operator_token}
    found = None
    for role, secret in held.items():  # every one is compared, so that the time tells nothing
        if secret.get_secret_value() and hmac.compare_digest(token.encode(), secret.get_secret_value().encode()):
            found = role
    return found


def database_of(request: Request) -> Database:
    """The service's database, for endpoints."""
    database: Database = request.app.state.database
    return database


Db = Annotated[Database, Depends(database_of)]


# ── once ─────────────────────────────────────────────────────────────────────────────────────

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]


async def once(
    request: Request, database: Database, key: str | None, act: Callable[[Tx], Awaitable[BaseModel]], *, status: int = 200
) -> Response:
    """Acts in one transaction, and at most once for one caller's key: later calls get the first one's answer for 24 hours.

    The key is claimed in the same transaction as the effects, so a second call waits for the first.
    409 with Retry-After when that takes too long, 422 when the key came with another request before.
    """
    claim = (key, f"{request.method} {request.url.path}", caller_of(request))
    said = await _fingerprint(request)
    async with database.transaction() as tx:
        if key and (await tx.execute(CLAIM_KEY, *claim, said)).endswith(" 0"):
            return await _answered(tx, claim, said)
        answer = (await act(tx)).model_dump_json().encode()
        if key:
            await tx.execute(KEEP_ANSWER, *claim, status, answer)
    return Response(answer, status, media_type="application/json")


def caller_of(request: Request) -> str:
    """Who asks, as `allow` has found: until tokens have names, their role."""
    caller: str = request.state.caller
    return caller


async def _fingerprint(request: Request) -> bytes:
    """What the request says: its body, and the attributes of an event in binary mode, which are headers."""
    attributes = sorted(header for header in request.headers.raw if header[0].startswith(b"ce-"))
    return hashlib.sha256(await request.body() + b"".join(b"\n%s: %s" % header for header in attributes)).digest()


async def _answered(tx: Tx, claim: tuple[str | None, str, str], said: bytes) -> Response:
    row = await tx.fetchrow(ANSWERED, *claim)
    if row is None or row["status"] == 0:
        raise Problem(409, "the first request with this Idempotency-Key is still under way", headers={"Retry-After": "1"})
    if row["body_hash"] != said:
        raise Problem(422, "this Idempotency-Key came with another request before")
    return Response(row["response"], row["status"], {"Idempotency-Replayed": "true"}, "application/json")


# ── lists ────────────────────────────────────────────────────────────────────────────────────


def cursor_of(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def position_of(cursor: str | None) -> str | None:
    """Where a cursor of ours points. Raises a 422 problem for any other."""
    if cursor is None:
        return None
    try:
        position = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise not_ours() from None
    if "\0" in position or cursor_of(position) != cursor:
        raise not_ours()
    return position


def timed_position(cursor: str | None) -> tuple[datetime | None, str | None]:
    """The moment and the id that a cursor of a list by time points to. Raises a 422 problem for any other cursor."""
    position = position_of(cursor)
    if position is None:
        return None, None
    moment, _, id_ = position.partition(" ")
    try:
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None or not id_:
            raise not_ours()
        return at.astimezone(UTC), id_
    except (ValueError, OverflowError):
        raise not_ours() from None


def numbered_position(cursor: str | None) -> int | None:
    """The number that a cursor of a list by number points to. Raises a 422 problem for any other cursor."""
    position = position_of(cursor)
    if position is None:
        return None
    if not (position.isascii() and position.isdigit() and len(position) < 19):
        raise not_ours()
    return int(position)


def not_ours() -> Problem:
    """For a cursor that no list of ours has given out."""
    return Problem(422, "this cursor is not one of ours")


# ── the application ──────────────────────────────────────────────────────────────────────────


def application(title: str, settings: Settings, database: Database) -> FastAPI:
    """A FastAPI application with our problems, limits and state."""
    app = FastAPI(title=title, version="1", openapi_url="/openapi.json", redoc_url=None)
    app.state.settings, app.state.database = settings, database
    app.add_middleware(BodyLimit)
    app.add_middleware(Gate, settings=settings)  # the last one added comes first
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for error in TRANSIENT:
        app.add_exception_handler(error, _away)  # type: ignore[arg-type]
    for error in UNSTORABLE:
        app.add_exception_handler(error, _unstorable)
    return app


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101  registered for it
    return error.response()


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for it
    return Problem(error.status_code, str(error.detail), headers=dict(error.headers or {})).response()


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for it
    errors = [{"at": ".".join(map(str, each["loc"])), "why": each["msg"]} for each in error.errors()]
    return Problem(422, "the request does not fit its schema", errors=errors).response()


async def _unstorable(request: Request, error: Exception) -> Response:
    """U+0000, half of a surrogate pair, a number or a moment out of range: nothing we hold is called that."""
    log.info("%s %s: %s", request.method, request.url.path, type(error).__name__)
    return Problem(422, "a value of the request is none that can be stored").response()


async def _away(request: Request, error: Exception) -> Response:
    log.warning("%s %s: %s: %s", request.method, request.url.path, type(error).__name__, error)
    return Problem(503, "the database is away, try again", headers={"Retry-After": "2"}).response()


PUBLIC = ("/livez", "/readyz", "/metrics", "/docs", "/openapi.json", "/u/")  # what these begin needs no token


class Gate:
    """Refuses whoever has no token of ours with 401 before the body is read; what a role may do is `allow`'s to say."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(PUBLIC) and not self._knows(scope):
            await _unknown_caller().response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        scheme, _, token = _header(scope, b"authorization").partition(" ")
        return scheme.lower() == "bearer" and _role_of(token.strip(), self._settings) is not None


class BodyLimit:
    """Refuses bodies above 1 MiB with 413, before they are read when the length is declared, else as they arrive."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = _header(scope, b"content-length").strip() or "0"
        if not (declared.isascii() and declared.isdigit()):
            await Problem(400, "Content-Length is not a number of bytes").response()(scope, receive, send)
            return
        if len(declared.lstrip("0")) > len(str(MAX_BYTES)) or int(declared) > MAX_BYTES:
            await _too_large().response()(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > MAX_BYTES:
                raise _too_large()
            return message

        await self._app(scope, counted, send)


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for held, value in scope["headers"] if held == name), "")


def _too_large() -> Problem:
    return Problem(413, f"a body may have {MAX_BYTES} bytes")
