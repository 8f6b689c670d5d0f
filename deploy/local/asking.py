"""Asks every service the same over REST with the operator's token; what one does not answer keeps no other from answering."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import typer

from deploy.local.printable import printable
from deploy.local.processes import Failed

WITHIN_S = 10.0  # for an answer
DEFAULT_URLS = ("http://localhost:8001", "http://localhost:8002", "http://localhost:8003")
TO_GET_IN = "set FOREWARN_OPERATOR_TOKEN (`forewarn up` prints it; in compose: docker compose exec monitor cat /run/secrets/operator_token)"

Urls = Annotated[
    list[str] | None,
    typer.Option("--url", envvar="FOREWARN_URLS", help=f"Where a service is; once for each. When not given: {', '.join(DEFAULT_URLS)}."),
]
Token = Annotated[str, typer.Option(envvar="FOREWARN_OPERATOR_TOKEN", help="The operator's token.", show_default=False)]


@dataclass(frozen=True)
class Answer:
    """What one service said: a status and a body, or why it said nothing (status 0)."""

    url: str
    status: int
    body: dict[str, Any]
    trouble: str = ""

    def complaint(self) -> str:
        """What is wrong, for people."""
        if self.status == 401:
            return f"{self.url} does not know this token: {TO_GET_IN}"
        said = self.body.get("detail", self.status)
        return f"{self.url} refuses: {printable(said)}" if self.status else f"{self.url} does not answer: {printable(self.trouble)}"


async def ask_all(urls: Sequence[str], token: str, path: str, body: dict[str, Any] | None = None) -> list[Answer]:
    """GET, or POST when there is a body; an answer for each address, in order."""
    return await asyncio.gather(*(asyncio.to_thread(_ask, url.rstrip("/"), token, path, body) for url in urls))


def _ask(url: str, token: str, path: str, body: dict[str, Any] | None) -> Answer:
    if urlsplit(url).scheme not in ("http", "https"):
        raise Failed(f"{printable(url)} begins with neither http:// nor https://")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = Request(url + path, json.dumps(body).encode() if body is not None else None, headers)  # noqa: S310  the scheme was checked above
    try:
        with urlopen(request, timeout=WITHIN_S) as answer:  # noqa: S310
            return Answer(url, answer.status, json.load(answer))
    except HTTPError as error:
        with error:
            return Answer(url, error.code, _problem(error.read()))
    except (OSError, ValueError) as error:
        return Answer(url, 0, {}, str(error))


def _problem(raw: bytes) -> dict[str, Any]:
    try:
        said = json.loads(raw)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
