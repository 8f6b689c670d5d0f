"""Answers a problem as a page in words; as the page to sign in, where nobody is signed in; as JSON, where a script of ours asks."""

from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ExceptionHandler

from services.console.frame.drawing import HEADERS, REGIONS, draw, prefix_of
from services.console.sessions.places import HOME, next_of
from shared.api import Problem
from shared.http.problems import UNSTORABLE, handle_problems
from shared.postgres import TRANSIENT

TITLES = {
    401: "You are signed out",
    403: "This is not yours to do",
    404: "There is no such page",
    405: "There is no such page",
    409: "That is not possible any more",
    413: "That is too much",
    422: "Something in it does not fit",
    429: "Too many tries",
    500: "Something went wrong here",
    503: "Forewarn cannot answer at this moment",
}
SIGNED_OUT = "Sign in, in another tab if you have typed something here; then go back and send it again."
WORDS = {422: "A value of the request is none that this page takes.", 503: "The database is away. Try again in a moment."}
WRITTEN_DOWN = "It is written down, and those who run Forewarn can read it."
STREAM = "/live"


def answer(request: Request, problem: Problem) -> Response:
    """Returns what a browser shows for the problem."""
    if REGIONS in request.headers or request.url.path == STREAM:
        return problem.response()
    if problem.status_code == 401 and request.method in {"GET", "HEAD"}:
        return Response(status_code=303, headers=HEADERS | {"Location": _sign_in(request, _asked(request))})
    return _page(request, problem)


def answer_problems(app: FastAPI) -> None:
    """Makes a page of whatever is raised while a page is made."""
    handle_problems(app)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    for error in (RequestValidationError, *TRANSIENT, *UNSTORABLE, Exception):
        app.add_exception_handler(error, _drawn(app.exception_handlers[error]))


def _page(request: Request, problem: Problem) -> Response:
    status = problem.status_code
    words = SIGNED_OUT if status == 401 else problem.detail
    title = TITLES.get(status) or HTTPStatus(status).phrase
    drawn = draw(request, "problem.html", status=status, heading=title, words=words, sign_in=_sign_in(request, _page_before(request)))
    drawn.headers.update(problem.headers or {})
    return drawn


def _drawn(handle: ExceptionHandler) -> ExceptionHandler:
    """Makes a page of the problem that the handler of every service makes: the same status and words."""

    async def handled(request: Request, error: Exception) -> Response:
        given: Response = await handle(request, error)  # type: ignore[arg-type, misc]
        kept = {"Retry-After": given.headers["retry-after"]} if "retry-after" in given.headers else None
        return answer(request, Problem(given.status_code, WORDS.get(given.status_code, WRITTEN_DOWN), headers=kept))

    return handled


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101  registered for it
    return answer(request, error)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for it
    return answer(request, Problem(error.status_code, str(error.detail), headers=dict(error.headers or {})))


def _sign_in(request: Request, page: str) -> str:
    asked = "" if page == HOME else "?" + urlencode({"next": page})
    return f"{prefix_of(request.app.state.settings)}/sign-in{asked}"


def _asked(request: Request) -> str:
    """Returns the page that the request asks for."""
    return next_of(request.url.path + (f"?{request.url.query}" if request.url.query else ""))


def _page_before(request: Request) -> str:
    """Returns the page on which a form was sent, to come back to: browsers name it, since pages ask for that within this origin."""
    said = urlsplit(request.headers.get("referer", ""))
    path = said.path.removeprefix(prefix_of(request.app.state.settings))
    return next_of(path + (f"?{said.query}" if said.query else ""))
