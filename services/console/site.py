"""The console's pages as one application: sessions, the pages of the registry, styles and script, and problems as pages."""

from collections.abc import Awaitable, Callable, Sequence

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.middleware.base import RequestResponseEndpoint

from services.console.frame import files
from services.console.frame.problems import draw_problems
from services.console.live import events
from services.console.live.hub import Hub
from services.console.pages import PAGES
from services.console.sessions.signed import Signed
from services.console.settings import ConsoleSettings
from shared.http.problems import handle_problems
from shared.http.site import site_application
from shared.postgres import Database

Recognize = Callable[[Request], Awaitable[Signed | None]]


def site(settings: ConsoleSettings, database: Database, recognize: Recognize, hub: Hub, routers: Sequence[APIRouter] = ()) -> FastAPI:
    """Makes the application of the pages. `recognize` says who is signed in on a request; `routers` are those that are no pages."""
    app = site_application("Forewarn console", settings, database)
    app.state.navigation = [page for page in PAGES if page.title]
    app.state.hub, app.state.recognize = hub, recognize
    for router in (*(page.router for page in PAGES), files.router, events.router, *routers):
        app.include_router(router)

    @app.middleware("http")
    async def with_session(request: Request, call_next: RequestResponseEndpoint) -> Response:
        request.state.since = hub.last  # before the page reads anything: what changes meanwhile is told again
        request.state.signed = await recognize(request)
        return await call_next(request)

    handle_problems(app)
    draw_problems(app)
    return app
