"""Signing in through the identity provider: there, and back. It begins by a link, since a form may lead to no other site here."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.console import metrics
from services.console.pages.sign_in.page import drawn, onward, settings_of
from services.console.sessions.arriving import arrived
from services.console.sessions.cookies import ATTEMPT, digest_of, give, new_id, read, take
from services.console.sessions.provider import Provider
from services.console.sessions.signing_in import begin
from services.console.store import sessions
from services.console.store.people import Person
from shared.api import Db, Problem

router = APIRouter(prefix="/sign-in")


def _provider(request: Request) -> Provider:
    if not settings_of(request).oidc_issuer:
        raise Problem(404, "nobody signs in through a provider here")
    return Provider(settings_of(request))


@router.get("/provider")
async def leave(request: Request, database: Db, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:
    """Leads to the provider, with a state and a nonce that only this browser's answer may use, once."""
    begun = await _provider(request).begin(next)
    if isinstance(begun, str):
        return _refused(request, next, begun)
    url, attempt = begun
    id_ = new_id()
    async with database.transaction() as tx:
        await sessions.begin_attempt(tx, digest_of(id_), attempt)
    answer = Response(status_code=303, headers={"Location": url, "Cache-Control": "no-store"})
    give(answer, ATTEMPT, id_, sessions.ATTEMPTS)
    return answer


@router.get("/callback")
async def come_back(request: Request, database: Db) -> Response:
    """Signs in whom the provider says it is, or says why not."""
    provider, held = _provider(request), read(request, ATTEMPT)
    async with database.transaction() as tx:
        attempt = await sessions.take_attempt(tx, held) if held else None
    page = attempt.next if attempt else "/"
    claims = await provider.finish(attempt, request.query_params)
    if isinstance(claims, str):
        return _refused(request, page, claims)
    answer = onward(request, page)
    async with database.transaction() as tx:
        who = await arrived(tx, settings_of(request), claims)
        if isinstance(who, Person):
            await begin(tx, request, answer, who.name, who.role, "provider")
    if isinstance(who, str):
        return _refused(request, page, who)
    take(answer, ATTEMPT)
    return answer


def _refused(request: Request, page: str, words: str) -> Response:
    metrics.SIGN_INS_FAILED.labels("provider").inc()
    answer = drawn(request, page, status=422, words=words)
    take(answer, ATTEMPT)
    return answer
