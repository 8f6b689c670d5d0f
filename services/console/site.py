"""The console's pages as one application: sessions, the pages of the registry, styles and script, and problems as pages."""

from collections.abc import Awaitable, Callable, Sequence

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.base import RequestResponseEndpoint

from services.console.acting.owners import Owners
from services.console.frame.drawing import CONSOLE
from services.console.pages import PAGES
from services.console.sessions.signed import Signed
from services.console.settings import ConsoleSettings
from shared.http.problems import handle_problems
from shared.http.site import site_application
from shared.postgres import Database

Recognize = Callable[[Request], Awaitable[Signed | None]]


def site(
    settings: ConsoleSettings, database: Database, recognize: Recognize, routers: Sequence[APIRouter] = (), owners: Owners | None = None
) -> FastAPI:
    """Makes the application of the pages.

    `recognize` says who is signed in on a request; `routers` are those that are no pages; `owners` are asked for acts.
    """
    app = site_application("Forewarn console", settings, database)
    app.state.owners = owners or Owners(settings)
    app.state.navigation = [page for page in PAGES if page.title]
    for router in (*(page.router for page in PAGES), *routers):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=CONSOLE / "frame" / "static"))

    @app.middleware("http")
    async def with_session(request: Request, call_next: RequestResponseEndpoint) -> Response:
        request.state.signed = await recognize(request)
        return await call_next(request)

    handle_problems(app)
    return app
