"""Identifies the caller: the bearer token, and the person its holder acts for, are checked before anything else of a request."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http import documentation, front
from shared.http.known import Known
from shared.http.problems import Problem, header, refuse
from shared.identity import Caller, Role, person_trouble

__all__ = ["Caller", "Gate", "Role", "allow", "caller_of", "is_public"]

ACTING_FOR = "Forewarn-Acting-For"

_bearer = HTTPBearer(auto_error=False)


def _described(
    _token: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    _acting_for: Annotated[str | None, Header(alias=ACTING_FOR, description="the person a trusted caller acts for")] = None,
) -> None:
    """Puts the token and the header into the API's description. The gate has checked both by then."""


def allow(*roles: Role) -> Any:
    """Makes a dependency that lets in callers of these roles, and operators, and returns the Caller. 401 and 403 for the others."""

    async def check(request: Request, _: Annotated[None, Depends(_described)]) -> Caller:
        caller: Caller | None = getattr(request.state, "caller", None)
        if caller is None:
            raise _unknown_caller()
        if not caller.may(*roles):
            raise Problem(403, f"this needs the role {' or '.join(roles)}")
        return caller

    return Depends(check)


def caller_of(request: Request) -> Caller:
    """Returns the caller whom the gate let in, on every path but the public ones."""
    caller: Caller = request.state.caller
    return caller


def _unknown_caller() -> Problem:
    return Problem(401, "a valid bearer token is needed", headers={"WWW-Authenticate": "Bearer"})


HEALTH = frozenset({"/livez", "/readyz", "/metrics"})
PUBLIC = HEALTH | documentation.PATHS | {front.PATH}


def is_public(path: str) -> bool:
    """Returns True when a path needs no token: health, and what the API offers. No prefix makes a path public."""
    return path in PUBLIC


class Gate:
    """Refuses callers without a token of ours with 401 before the body is read; `allow` decides what a role may do.

    403 for Forewarn-Acting-For from a caller who may not act for others, 422 when it names nobody. It lets everybody through to the
    `doors`: paths whose endpoints ask for a secret of their own.
    """

    def __init__(self, app: ASGIApp, known: Known, doors: Collection[str] = ()) -> None:
        self._app, self._known, self._doors = app, known, frozenset(doors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_public(scope["path"]) and scope["path"] not in self._doors:
            await self._known.look_again()
            caller = self._caller(scope)
            if isinstance(caller, Problem):
                await refuse(caller, scope, receive, send)
                return
            scope["state"] = {**scope.get("state", {}), "caller": caller}
        elif scope["type"] == "http" and scope["path"] == "/metrics":
            await self._known.look_again()  # its error is logged where nobody else calls
        await self._app(scope, receive, send)

    def _caller(self, scope: Scope) -> Caller | Problem:
        scheme, _, token = header(scope, b"authorization").partition(" ")
        now = datetime.now(UTC)  # noqa: TID251  the edge
        holder = self._known.holder(token.strip(), now) if scheme.lower() == "bearer" else None
        if holder is None:
            return _unknown_caller()
        person = _acting_for(scope)
        if person is None:
            return holder.caller
        if not holder.may_act_for_others:
            return Problem(403, f"this token may not act for others: leave {ACTING_FOR} out")
        if why := person_trouble(person):
            return Problem(422, f"{ACTING_FOR}: {why}")
        return holder.acting_for(person)


def _acting_for(scope: Scope) -> str | None:
    """Returns what the header says. An empty header is not an absent one: else history would name the caller for somebody else's act."""
    name = ACTING_FOR.lower().encode()
    return next((value.decode("latin-1") for held, value in scope["headers"] if held == name), None)
