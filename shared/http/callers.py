"""Who calls: bearer tokens and their roles, looked at before anything else of a request is."""

import hmac
import re
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http import documentation, front
from shared.http.problems import Problem, header, refuse
from shared.settings import Settings


class Role(StrEnum):
    PRODUCER = "producer"  # product systems: send events and requests
    AGENT = "agent"  # support: works on tickets, reads everything
    OPERATOR = "operator"  # runs it: may do everything


_bearer = HTTPBearer(auto_error=False)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def allow(*roles: Role) -> Any:
    """A dependency that lets in whoever holds the token of one of these roles, or of the operator, and returns the role."""

    async def check(request: Request, credentials: Credentials) -> Role:
        settings: Settings = request.app.state.settings
        role = _role_of(credentials.credentials, settings) if credentials else None
        if role is None:
            raise _unknown_caller()
        if role is not Role.OPERATOR and role not in roles:
            raise Problem(403, f"this needs the role {' or '.join(roles)}")
        request.state.caller = str(role)
        return role

    return Depends(check)


def caller_of(request: Request) -> str:
    """Who asks, as `allow` has found: until tokens have names, their role."""
    caller: str = request.state.caller
    return caller


def _unknown_caller() -> Problem:
    return Problem(401, "a valid bearer token is needed", headers={"WWW-Authenticate": "Bearer"})


def _role_of(token: str, settings: Settings) -> Role | None:
    held = {Role.PRODUCER: settings.producer_token, Role.AGENT: settings.agent_token, Role.OPERATOR: settings.operator_token}
    found = None
    for role, secret in held.items():  # every one is compared, so that the time tells nothing
        if secret.get_secret_value() and hmac.compare_digest(token.encode(), secret.get_secret_value().encode()):
            found = role
    return found


HEALTH = frozenset({"/livez", "/readyz", "/metrics"})
PUBLIC = HEALTH | documentation.PATHS | {front.PATH}
_public_page = re.compile(r"/u/[^/]+").fullmatch


def is_public(path: str) -> bool:
    """Whether a path needs no token: health, what the API offers, a customer's page. Nothing is public by how it begins."""
    return path in PUBLIC or _public_page(path) is not None


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
        return scheme.lower() == "bearer" and _role_of(token.strip(), self._settings) is not None
