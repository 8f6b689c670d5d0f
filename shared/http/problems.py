"""Makes every refusal over HTTP a problem (RFC 9457), and keeps the problem small, whatever was asked."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import asyncpg
import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from shared.postgres import TRANSIENT

log = logging.getLogger(__name__)

SHOWN = 20  # errors that one problem names; the rest are counted
LONGEST = 300  # characters of one text in a problem

# These are the errors of asyncpg and Postgres about values that fit no type or no index of theirs (SQLSTATE classes 22 and 54).
UNSTORABLE = (asyncpg.DataError, asyncpg.ProgramLimitExceededError)


class Problem(HTTPException):
    """Is a refusal in the form of RFC 9457. Make a new one for each: a raised exception keeps its frames, and they keep the request.

    It is an HTTPException, so that FastAPI hands it on also when it is raised while a body is read. `errors` are what is
    wrong one by one: the first 20 are shown, `error_count` says how many there are. Texts are cut to 300 characters.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        **extra: Any,
    ) -> None:
        super().__init__(status, detail, headers)
        self.extra = extra | ({"errors": errors[:SHOWN], "error_count": len(errors)} if errors else {})

    def response(self) -> Response:
        title = HTTPStatus(self.status_code).phrase
        body = {"type": "about:blank", "title": title, "status": self.status_code, "detail": self.detail, **self.extra}
        return Response(msgspec.json.encode(_cut(body)), self.status_code, self.headers, "application/problem+json")


def _cut(said: Any) -> Any:
    """Returns the same with every text cut, and with `?` for halves of surrogate pairs, which JSON can say and UTF-8 cannot."""
    match said:
        case str():
            return (said if len(said) <= LONGEST else f"{said[:LONGEST]}…").encode(errors="replace").decode()
        case Mapping():
            return {_cut(name): _cut(value) for name, value in said.items()}
        case list() | tuple():
            return [_cut(each) for each in said]
    return said


def header(scope: Scope, name: bytes) -> str:
    """Returns the first header of this name (in lower case); empty when there is none."""
    return next((value.decode("latin-1") for held, value in scope["headers"] if held == name), "")


def declares_body(scope: Scope) -> bool:
    """Returns True when the headers say that a body follows (RFC 9112, section 6.3)."""
    return bool(header(scope, b"transfer-encoding") or header(scope, b"content-length").strip("0"))


async def refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers a request whose body was not read. If it has one the connection ends, for what follows on it is that body."""
    response = problem.response()
    if declares_body(scope):
        response.headers["Connection"] = "close"
    await response(scope, receive, send)


def handle_problems(app: FastAPI) -> None:
    """Makes a problem of whatever is raised while a request is answered."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for error in TRANSIENT:
        app.add_exception_handler(error, _away)  # type: ignore[arg-type]
    for error in UNSTORABLE:
        app.add_exception_handler(error, _unstorable)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _surprise)


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
    """Answers 422 for a value that no database can store: U+0000, half of a surrogate pair, a number or a moment out of range."""
    log.info("%s %s: %s", request.method, _route_of(request), type(error).__name__)
    return Problem(422, "a value of the request is none that can be stored").response()


def _route_of(request: Request) -> str:
    """Returns the path with the names of its parameters: their values may name a customer."""
    return str(getattr(request.scope.get("route"), "path", "no route"))


async def _away(request: Request, error: Exception) -> Response:
    log.warning("%s %s: %s", request.method, _route_of(request), error)
    return Problem(503, "the database is away, try again", headers={"Retry-After": "2"}).response()


async def _gone(_: Request, __: Exception) -> Response:
    """Answers a request whose client has gone before it was whole: nobody reads this."""
    return Problem(400, "the request was not sent to its end").response()


async def _surprise(_: Request, __: Exception) -> Response:
    """Answers an error of ours. The server logs it with its traceback; the caller learns nothing of it."""
    return Problem(500, "something went wrong here; the log knows what").response()
