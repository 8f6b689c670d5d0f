"""Stands before every page, as pure ASGI so that streams stay streams: who is signed in, and is the form from a page of ours."""

from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.console import metrics
from services.console.sessions.crossing import crossing
from services.console.sessions.places import origin_of
from services.console.sessions.signed import Signed
from services.console.settings import ConsoleSettings
from shared.api import Problem
from shared.http.bodies import Bodies
from shared.http.problems import declares_body
from shared.postgres import is_transient

Recognize = Callable[[Request], Awaitable[Signed | None]]
Refuse = Callable[[Request, Problem], Response]

FILES = "/static/"
OPEN = ("/sign-in", "/enter/", FILES)  # what nobody needs to be signed in for


class Guard:
    """Lets in who is signed in, and everybody to the pages on which people sign in.

    Whoever is not signed in sends no large body anywhere, and no path tells them whether it is there. While the database is away
    it answers 503, so that nobody is signed out by that.
    """

    def __init__(self, app: ASGIApp, settings: ConsoleSettings, recognize: Recognize, refuse: Refuse) -> None:
        """`refuse` draws a problem as the page that says it."""
        self._app, self._recognize, self._refuse = app, recognize, refuse
        self._of_anybody = Bodies(app, settings, for_everybody=True)
        self._origin = origin_of(settings.console_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            signed = await self._who(request)
        except Problem as problem:
            response = self._refuse(request, problem)
            if declares_body(scope):
                response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        await (self._app if signed else self._of_anybody)(scope, receive, send)

    async def _who(self, request: Request) -> Signed | None:
        """Returns who is signed in. Raises the problem of a request that goes no further."""
        request.state.signed = None
        if request.url.path.startswith(FILES):
            return None
        if why := crossing(request.method, request.headers, self._origin):
            metrics.CROSSING.inc()
            raise Problem(403, why)
        try:
            request.state.signed = await self._recognize(request)
        except Exception as error:
            if not is_transient(error):
                raise
            raise Problem(503, "the database is away, try again", headers={"Retry-After": "2"}) from error
        if request.state.signed is None and not request.url.path.startswith(OPEN):
            raise Problem(401, "sign in first")
        signed: Signed | None = request.state.signed
        return signed
