"""Puts pages for people, who sign in, beside a service's REST API: one port, two applications, and the path says which answers."""

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http import documentation
from shared.http.bodies import Bodies, Head, Working
from shared.http.callers import HEALTH
from shared.postgres import Database
from shared.settings import Settings

API = "/v1/"
OF_THE_API = HEALTH | documentation.PATHS


def site_application(title: str, settings: Settings, database: Database) -> FastAPI:
    """Makes an application of pages, with the limits of every service and no tokens; who may see a page is its own concern.

    The application that fills it adds what answers problems, and what knows who is signed in.
    """
    app = FastAPI(title=title, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    # The last one added comes first: a request goes through Head, Bodies, Working.
    app.add_middleware(Working, settings=settings)
    app.add_middleware(Bodies, settings=settings)
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
