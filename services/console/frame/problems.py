"""Answers a browser with a page where a program gets a problem (RFC 9457): the same words, the same status.

Whoever is not signed in and asks for a page is led to the one on which people sign in, and from there back.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from fastapi import FastAPI, Request, Response

from services.console.frame.drawing import HEADERS, REGIONS, draw, prefix_of
from services.console.sessions.places import HOME, next_of
from shared.api import Problem

Handler = Callable[[Request, Any], Awaitable[Response]]

SIGNED_OUT = "You are signed out. Sign in, in another tab if you have typed something here; then go back and send it again."
TITLES = {
    401: "Signed out",
    403: "This is not yours to do",
    404: "There is no such page",
    405: "There is no such page",
    409: "That is not possible now",
    422: "Something does not fit",
    429: "Too many tries",
    500: "Something went wrong here",
    503: "Forewarn cannot answer at this moment",
}
BY_SCRIPT = frozenset({"/live"})  # no page: a script of ours asks


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
    if answer.media_type != "application/problem+json" or REGIONS in request.headers or request.url.path in BY_SCRIPT:
        return answer
    if answer.status_code == 401 and request.method in {"GET", "HEAD"}:
        return Response(status_code=303, headers=HEADERS | {"Location": _sign_in(request, _asked(request))})
    return _page(request, answer) if "text/html" in request.headers.get("accept", "") else answer


def _page(request: Request, answer: Response) -> Response:
    said = {"errors": [], **msgspec.json.decode(answer.body)}
    status = answer.status_code
    page = draw(
        request,
        "problem.html",
        status=status,
        title=TITLES.get(status, said["title"]),
        detail=SIGNED_OUT if status == 401 else said["detail"],
        errors=said["errors"],
        sign_in=_sign_in(request, _before(request)),
    )
    for name in ("retry-after", "connection"):
        if name in answer.headers:
            page.headers[name] = answer.headers[name]
    return page


def _sign_in(request: Request, page: str) -> str:
    asked = "" if page == HOME else "?" + urlencode({"next": page})
    return f"{prefix_of(request.app.state.settings)}/sign-in{asked}"


def _asked(request: Request) -> str:
    """Returns the page that the request asks for, as it was sent: a part of its path may hold a slash or a question mark."""
    path = request.scope["raw_path"].decode("latin-1")
    return next_of(path + (f"?{request.url.query}" if request.url.query else ""))


def _before(request: Request) -> str:
    """Returns the page on which a form was sent, to come back to: browsers name it, since pages ask for that within this origin."""
    said = urlsplit(request.headers.get("referer", ""))
    path = said.path.removeprefix(prefix_of(request.app.state.settings))
    return next_of(path + (f"?{said.query}" if said.query else ""))
