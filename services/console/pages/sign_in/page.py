"""The form for name and password, and signing out."""

import math
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from services.console.frame.drawing import draw, prefix_of
from services.console.sessions.auditing import noted
from services.console.sessions.cookies import BROWSER, SESSION, read, take
from services.console.sessions.places import networks, next_of, source_of
from services.console.sessions.signed import Signed
from services.console.sessions.signing_in import Refused, Tried, begin, by_password
from services.console.settings import ConsoleSettings
from services.console.store import sessions
from services.console.store.audit import Entry
from shared.api import Db

router = APIRouter()

Next = Annotated[str, Query(max_length=2000)]


def settings_of(request: Request) -> ConsoleSettings:
    settings: ConsoleSettings = request.app.state.settings
    return settings


def onward(request: Request, page: str) -> Response:
    """Leads to a page of ours."""
    return Response(status_code=303, headers={"Location": prefix_of(settings_of(request)) + next_of(page), "Cache-Control": "no-store"})


def drawn(request: Request, page: str, *, status: int = 200, words: str = "", name: str = "") -> Response:
    """Draws the form; `words` say why somebody did not come in."""
    has_provider = bool(settings_of(request).oidc_issuer)
    return draw(request, "sign_in/page.html", status=status, next=next_of(page), words=words, name=name, has_provider=has_provider)


@router.get("/sign-in")
async def show(request: Request, next: Next = "/") -> Response:
    """Shows the ways in; whoever is signed in goes on."""
    return onward(request, next) if request.state.signed else drawn(request, next)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    database: Db,
    name: Annotated[str, Form(max_length=254)] = "",
    password: Annotated[str, Form(max_length=4096)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Signs in by name and password. 422 when they are not right, 429 with Retry-After when there were too many tries."""
    said = Tried(name.strip(), password, _source(request), read(request, BROWSER))
    who = await by_password(database, request.app.state.passwords, said)
    if isinstance(who, Refused):
        answer = drawn(request, next, status=429 if who.wait else 422, words=_words(who), name=said.name)
        if who.wait:
            answer.headers["Retry-After"] = str(math.ceil(who.wait.total_seconds()))
        return answer
    answer = onward(request, next)
    async with database.transaction() as tx:
        await begin(tx, request, answer, who.name, who.role, "password")
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, database: Db) -> Response:
    """Ends this session, and shows the form."""
    signed: Signed = request.state.signed
    async with database.transaction() as tx:
        await sessions.end(tx, signed.session)
        await noted(tx, Entry(signed.person, signed.role, "sign out", f"person:{signed.person}"))
    answer = Response(status_code=303, headers={"Location": prefix_of(settings_of(request)) + "/sign-in", "Cache-Control": "no-store"})
    take(answer, SESSION)
    return answer


def _words(refused: Refused) -> str:
    if refused.wait is None:
        return refused.words
    seconds = math.ceil(refused.wait.total_seconds())
    return f"There were too many tries. Wait {seconds} s, then try again." if seconds > 1 else "There were too many tries. Wait a second."


def _source(request: Request) -> str:
    peer = request.client.host if request.client else ""
    return source_of(peer, ",".join(request.headers.getlist("x-forwarded-for")), networks(settings_of(request).trusted_proxies))
