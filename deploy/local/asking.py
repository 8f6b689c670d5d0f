"""Asks every service the same over REST with the operator's token; one service that does not answer does not stop the others."""

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Annotated, Any, Generic, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import typer
from pydantic import BaseModel, ValidationError

from deploy.local.processes import Failed
from deploy.local.terminal import say
from deploy.services import SERVICES
from shared.configuration import secret_rules
from shared.observing.printable import printable

WITHIN_S = 10.0  # for an answer
MOST = 16 << 20  # bytes of an answer
DEFAULT_URLS = tuple(f"http://localhost:{spec.port}" for spec in SERVICES)
FROM_FILE = "FOREWARN_OPERATOR_TOKEN_FILE"
UNSENDABLE = "FOREWARN_OPERATOR_TOKEN cannot be sent: it has spaces, control characters or letters beyond ASCII"
TO_GET_IN = "set FOREWARN_OPERATOR_TOKEN (`forewarn up` prints it; in compose, `docker compose run --rm forewarn …` knows it)"

Urls = Annotated[
    list[str] | None,
    typer.Option("--url", envvar="FOREWARN_URLS", help=f"Where a service is; once for each. When not given: {', '.join(DEFAULT_URLS)}."),
]


def _or_from_file(token: str) -> str:
    """Returns the token, or the content of the file that FOREWARN_OPERATOR_TOKEN_FILE names, as for a service."""
    path = os.environ.get(FROM_FILE)
    try:
        return secret_rules.read_file(FROM_FILE, path) if path and not token else token
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Token = Annotated[
    str, typer.Option(envvar="FOREWARN_OPERATOR_TOKEN", help="The operator's token.", show_default=False, callback=_or_from_file)
]

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True)
class Answer(Generic[S]):
    """Holds one service's answer; or what is wrong, and the status when there is one (else 0)."""

    url: str
    status: int
    said: S | None = None
    trouble: str = ""

    def complaint(self) -> str:
        """Returns what is wrong, for people."""
        if self.status == 401:
            return f"{self.url} does not know this token: {TO_GET_IN}"
        return f"{self.url} {'refuses' if self.status else 'does not answer'}: {printable(self.trouble)}"


async def ask_all(urls: Sequence[str], token: str, path: str, shape: type[S], body: dict[str, Any] | None = None) -> list[Answer[S]]:
    """Sends GET, or POST when there is a body; returns an answer of that shape for each address, in order."""
    if not secret_rules.sendable(token):  # the library's own error would show it
        raise Failed(UNSENDABLE)
    method = "GET" if body is None else "POST"
    return await asyncio.gather(*(asyncio.to_thread(_ask, url.rstrip("/"), token, method, path, shape, body) for url in urls))


async def ask(url: str, token: str, method: str, path: str, shape: type[S], body: dict[str, Any] | None = None) -> Answer[S]:
    """Sends one request to one service; an answer without a body has no more than the shape's defaults."""
    if not secret_rules.sendable(token):
        raise Failed(UNSENDABLE)
    return await asyncio.to_thread(_ask, url.rstrip("/"), token, method, path, shape, body)


def report(answers: Sequence[Answer[S]], line: Callable[[S], str]) -> int:
    """Prints a line for each service: what it did, or what is wrong. Returns the exit code: 1 when a service does not answer."""
    say(*(f"{answer.url}: {line(answer.said)}" if answer.said else answer.complaint() for answer in answers))
    return 0 if all(answer.said for answer in answers) else 1


def _ask(url: str, token: str, method: str, path: str, shape: type[S], body: dict[str, Any] | None) -> Answer[S]:
    if not url.startswith(("http://", "https://")):
        raise Failed(f"{printable(url)} begins with neither http:// nor https://")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        said = json.dumps(body).encode() if body is not None else None
        request = Request(url + path, said, headers, method=method)  # noqa: S310  checked above
        with urlopen(request, timeout=WITHIN_S) as answer:  # noqa: S310
            return Answer(url, answer.status, shape.model_validate_json(answer.read(MOST) or b"{}"))
    except HTTPError as error:
        return Answer(url, error.code, trouble=_detail(error))
    except ValidationError:
        return Answer(url, 0, trouble="what it says is not what this version of Forewarn understands")
    except (OSError, ValueError, HTTPException) as error:
        return Answer(url, 0, trouble=str(error) or repr(error))


class _Error(BaseModel):
    at: str
    why: str


class _Problem(BaseModel):
    """Is a refusal (RFC 9457), as far as it is shown."""

    detail: str
    errors: list[_Error] = []

    def said(self) -> str:
        """Returns what is wrong, and where in the request."""
        return "; ".join([self.detail, *(f"{each.at}: {each.why}" for each in self.errors)])


def _detail(refusal: HTTPError) -> str:
    try:
        with refusal:
            return _Problem.model_validate_json(refusal.read(MOST)).said()
    except (OSError, ValueError, HTTPException):
        return str(refusal.code)
