"""The console's pages as one application: who is signed in, the pages of the registry, styles and script, and problems as pages."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware import Middleware

from services.console.frame.drawing import CONSOLE
from services.console.frame.problems import answer, answer_problems
from services.console.pages import PAGES
from services.console.sessions.guarding import Guard, Recognize
from services.console.sessions.passwords import Passwords
from services.console.settings import ConsoleSettings
from shared.api import Problem
from shared.http.site import site_application
from shared.postgres import Database


def site(
    settings: ConsoleSettings,
    database: Database,
    recognize: Recognize,
    passwords: Passwords | None = None,
    routers: Sequence[APIRouter] = (),
) -> FastAPI:
    """Makes the application of the pages. `recognize` says who is signed in on a request; `routers` are those that are no pages."""

    def refuse(request: Request, problem: Problem) -> Response:
        request.scope["app"] = app  # the guard stands before what would say so
        return answer(request, problem)

    guard = Middleware(Guard, settings=settings, recognize=recognize, refuse=refuse)
    app = site_application("Forewarn console", settings, database, guard)
    app.state.passwords = passwords or Passwords()
    app.state.navigation = [page for page in PAGES if page.title]
    for router in (*(page.router for page in PAGES), *routers):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=CONSOLE / "frame" / "static"))
    answer_problems(app)
    return app
