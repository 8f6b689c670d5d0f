"""REST for those who run Forewarn, and for the command line: who may sign in to the console, and links that sign in once."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, SecretStr

from services.console.sessions import roster
from services.console.sessions.passwords import Passwords, trouble
from services.console.sessions.roles import Role
from services.console.sessions.roster import By
from services.console.settings import ConsoleSettings
from services.console.store import people
from shared.answers import Cursor, Page
from shared.api import Body, Db, Problem, allow, caller_of, cursor_of, not_ours, position_of
from shared.api import Role as Caller

NOBODY: dict[int | str, dict[str, Any]] = {404: {"description": "there is nobody of this name"}}
TAKEN: dict[int | str, dict[str, Any]] = {409: {"description": "somebody has this name"}}
OWN: dict[int | str, dict[str, Any]] = {409: {"description": "it would take the caller's own role away"}}

Who = Annotated[str, Field(min_length=1, max_length=254)]


class PersonView(BaseModel):
    """One person who may sign in."""

    name: str
    role: Role
    has_password: bool
    has_provider: bool  # signs in through the identity provider
    disabled: bool
    created_at: datetime
    created_by: str
    seen_at: datetime | None  # to the minute
    sessions: int  # that have not ended


class NewPerson(Body):
    """A person to add; without a password they sign in by a link."""

    name: Who
    role: Role
    password: SecretStr | None = None


class PersonChange(Body):
    """What changes of a person, whose sessions and links end by it; what is null stays."""

    role: Role | None = None
    disabled: bool | None = None
    password: SecretStr | None = None


class LinkView(BaseModel):
    """A link that signs a person in once; it is shown here and never again."""

    url: str
    ends_at: datetime


def router(settings: ConsoleSettings, passwords: Passwords) -> APIRouter:
    """Makes the routes. No answer is kept for an `Idempotency-Key`: it would keep links and what could be guessed of passwords."""
    routes = APIRouter(prefix="/v1/people", dependencies=[allow(Caller.OPERATOR)], tags=["people"])

    @routes.get("")
    async def list_people(database: Db, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=200)] = 100) -> Page[PersonView]:
        """Returns who may sign in, by name."""
        async with database.connection() as tx:
            rows = [PersonView(**row) for row in await people.listed(tx, _position(cursor), limit + 1)]
        more = len(rows) > limit
        return Page(items=rows[:limit], next=cursor_of(rows[limit - 1].name) if more else None)

    @routes.post("", status_code=201, responses=TAKEN)
    async def add_person(request: Request, database: Db, said: NewPerson) -> Response:
        """Lets somebody sign in."""
        password = await _hashed(passwords, said.password)
        async with database.transaction() as tx:
            await roster.add(tx, _by(request), said.name, said.role, password)
        return Response(status_code=201)

    @routes.post("/{name:path}/link", responses=NOBODY)
    async def make_link(request: Request, database: Db, name: Who) -> LinkView:
        """Makes a link that signs this person in once, within 15 minutes. An older one that is not used yet ends."""
        async with database.transaction() as tx:
            link = await roster.make_link(tx, _by(request), name)
        return LinkView(url=f"{settings.console_url.rstrip('/')}/enter/{link.id}", ends_at=link.ends_at)

    @routes.delete("/{name:path}/sessions", status_code=204, responses=NOBODY)
    async def end_sessions(request: Request, database: Db, name: Who) -> Response:
        """Signs this person out everywhere."""
        async with database.transaction() as tx:
            await roster.end_sessions(tx, _by(request), name)
        return Response(status_code=204)

    @routes.patch("/{name:path}", status_code=204, responses={**NOBODY, **OWN})
    async def change_person(request: Request, database: Db, name: Who, said: PersonChange) -> Response:
        """Changes role or password, or whether this person may sign in; their sessions and links end."""
        password = await _hashed(passwords, said.password)
        async with database.transaction() as tx:
            await roster.change(tx, _by(request), name, role=said.role, disabled=said.disabled, password=password)
        return Response(status_code=204)

    @routes.delete("/{name:path}", status_code=204, responses={**NOBODY, **OWN})
    async def remove_person(request: Request, database: Db, name: Who) -> Response:
        """Removes this person; what they did stays in histories."""
        async with database.transaction() as tx:
            await roster.remove(tx, _by(request), name)
        return Response(status_code=204)

    return routes


def _by(request: Request) -> By:
    caller = caller_of(request)
    return By(caller.person, str(caller.role))


async def _hashed(passwords: Passwords, said: SecretStr | None) -> str | None:
    if said is None:
        return None
    if why := trouble(said.get_secret_value()):
        raise Problem(422, why)
    return await passwords.hashed(said.get_secret_value())


def _position(cursor: str | None) -> str | None:
    position = position_of(cursor)
    if position is not None and len(position) > 254:
        raise not_ours()
    return position
