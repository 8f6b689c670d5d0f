"""Answers a browser with a page where a program gets a problem (RFC 9457): the same words, the same status."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response

from services.console.frame.drawing import draw
from shared.api import Problem

Handler = Callable[[Request, Any], Awaitable[Response]]


def draw_problems(app: FastAPI) -> None:
    """Makes every handler of errors answer with a page where one is asked for."""
    for error, handler in list(app.exception_handlers.items()):
        app.add_exception_handler(error, _as_page(handler))


def page_of(request: Request, problem: Problem) -> Response:
    """Returns a problem as the page that says it, or as it is where no page is asked for."""
    return _drawn(request, problem.response())


def _as_page(handler: Any) -> Handler:
    async def answer(request: Request, error: Any) -> Response:
        return _drawn(request, await handler(request, error))

    return answer


def _drawn(request: Request, answer: Response) -> Response:
    if "text/html" not in request.headers.get("accept", "") or answer.media_type != "application/problem+json":
        return answer
    said = {"errors": [], **msgspec.json.decode(answer.body)}
    page = draw(request, "problem.html", status=answer.status_code, title=said["title"], detail=said["detail"], errors=said["errors"])
    for name in ("retry-after", "connection"):
        if name in answer.headers:
            page.headers[name] = answer.headers[name]
    return page
