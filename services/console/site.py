"""The console's pages as one application: who is signed in, the pages of the registry, styles and script, and problems as pages."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.middleware import Middleware

from services.console.acting.owners import Owners
from services.console.acting.watching import Watch
from services.console.frame import files
from services.console.frame.problems import draw_problems, page_of
from services.console.live import events
from services.console.live.hub import Hub
from services.console.pages import PAGES
from services.console.sessions.guarding import Guard, Recognize
from services.console.sessions.passwords import Passwords
from services.console.sessions.signed import Signed
from services.console.settings import ConsoleSettings
from shared.api import Problem
from shared.http.problems import handle_problems
from shared.http.site import site_application
from shared.postgres import Database
from shared.stream import Stream


def site(
    settings: ConsoleSettings,
    database: Database,
    recognize: Recognize,
    hub: Hub,
    passwords: Passwords | None = None,
    routers: Sequence[APIRouter] = (),
    owners: Owners | None = None,
    streams: Sequence[Stream] = (),
    watch: Watch | None = None,
) -> FastAPI:
    """Makes the application of the pages.

    `recognize` says who is signed in; `routers` are no pages; `owners` are asked for acts; `streams` are shown to who looks how they are;
    `watch` knows what people allow.
    """

    async def recognized(request: Request) -> Signed | None:
        request.state.since = hub.last  # before the page reads anything: what changes meanwhile is told again
        return await recognize(request)

    def refuse(request: Request, problem: Problem) -> Response:
        request.scope["app"] = app  # the guard stands before what says so
        return page_of(request, problem)

    app = site_application(
        "Forewarn console", settings, database, Middleware(Guard, settings=settings, recognize=recognized, refuse=refuse)
    )
    app.state.passwords, app.state.owners = passwords or Passwords(), owners or Owners(settings)
    app.state.watch = watch or Watch(app.state.owners, database)
    app.state.navigation = [page for page in PAGES if page.title]
    app.state.hub, app.state.recognize, app.state.streams = hub, recognize, streams
    for router in (*(page.router for page in PAGES), files.router, events.router, *routers):
        app.include_router(router)
    handle_problems(app)
    draw_problems(app)
    return app
