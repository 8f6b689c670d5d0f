"""Puts pages for people, who sign in, beside a service's REST API: one port, two applications, and the path says which answers."""

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http import documentation
from shared.http.bodies import Bodies, Head, Working
from shared.http.callers import HEALTH
from shared.postgres import Database
from shared.settings import Settings

API = "/v1/"
OF_THE_API = HEALTH | documentation.PATHS


def site_application(title: str, settings: Settings, database: Database, *guards: Middleware) -> FastAPI:
    """Makes an application of pages, with the limits of every service and no tokens; `guards` say who may see a page.

    A request goes to the guards before its body is read. The application that fills this one adds what answers problems.
    """
    app = FastAPI(title=title, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    # The last one added comes first: a request goes through Head, the guards, Bodies, Working.
    app.add_middleware(Working, settings=settings)
    app.add_middleware(Bodies, settings=settings)
    for guard in guards:
        app.add_middleware(guard.cls, *guard.args, **guard.kwargs)
    app.state.settings, app.state.database = settings, database
    app.add_middleware(Head)
    return app


class Beside:
    """Sends a request to the API where its path is one of the API's, and to the pages otherwise."""

    def __init__(self, api: ASGIApp, pages: ASGIApp) -> None:
        self.api, self.pages = api, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        of_the_api = scope["type"] == "http" and (scope["path"] in OF_THE_API or scope["path"].startswith(API))
        await (self.api if of_the_api else self.pages)(scope, receive, send)
