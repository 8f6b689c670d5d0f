"""Who calls: bearer tokens and their roles, looked at before anything else of a request is."""

import hmac
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http import documentation, front
from shared.http.problems import Problem, header, refuse
from shared.identity import Caller, Role
from shared.settings import Settings

__all__ = ["Caller", "Gate", "Role", "allow", "caller_of", "is_public"]


_bearer = HTTPBearer(auto_error=False)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def allow(*roles: Role) -> Any:
    """Makes a dependency that lets in callers of these roles, and operators, and returns the Caller. 401 and 403 for the others."""

    async def check(request: Request, credentials: Credentials) -> Caller:
        settings: Settings = request.app.state.settings
        caller = _caller_with(credentials.credentials, settings) if credentials else None
        if caller is None:
            raise _unknown_caller()
        if not caller.may(*roles):
            raise Problem(403, f"this needs the role {' or '.join(roles)}")
        request.state.caller = caller
        return caller

    return Depends(check)


def caller_of(request: Request) -> Caller:
    """The caller that `allow` let in."""
    caller: Caller = request.state.caller
    return caller


def _unknown_caller() -> Problem:
    return Problem(401, "a valid bearer token is needed", headers={"WWW-Authenticate": "Bearer"})


def _caller_with(token: str, settings: Settings) -> Caller | None:
    """The caller whose token this is. A token of the environment belongs to everybody of its role, and is named like it."""
    held = {Role.PRODUCER: settings.producer_token, Role.AGENT: settings.agent_token, Role.OPERATOR: settings.operator_token}
    found = None
    for role, secret in held.items():  # every one is compared, so that the time tells nothing
        if secret.get_secret_value() and hmac.compare_digest(token.encode(), secret.get_secret_value().encode()):
            found = Caller(str(role), role)
    return found


HEALTH = frozenset({"/livez", "/readyz", "/metrics"})
PUBLIC = HEALTH | documentation.PATHS | {front.PATH}


def is_public(path: str) -> bool:
    """Whether a path needs no token: health, and what the API offers. Nothing is public by how it begins."""
    return path in PUBLIC


class Gate:
    """Refuses whoever has no token of ours with 401 before the body is read; what a role may do is `allow`'s to say."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_public(scope["path"]) and not self._knows(scope):
            await refuse(_unknown_caller(), scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        scheme, _, token = header(scope, b"authorization").partition(" ")
        return scheme.lower() == "bearer" and _caller_with(token.strip(), self._settings) is not None
