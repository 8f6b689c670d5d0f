"""Shows operators who may sign in, and lets them add people, change what these may do, and make links that sign in once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request, Response

from services.console.frame.drawing import draw, prefix_of
from services.console.sessions import roster
from services.console.sessions.passwords import trouble
from services.console.sessions.roles import Role
from services.console.sessions.roster import By
from services.console.sessions.signed import Signed, allow
from services.console.store import audit, people
from shared.api import Db, Problem, cursor_of, position_of
from shared.postgres import Database, Tx

ROWS = 50

router = APIRouter(prefix="/people", dependencies=[allow(Role.OPERATOR)])

Operator = Annotated[Signed, allow(Role.OPERATOR)]
Name = Annotated[str, Form(max_length=254)]
FormId = Annotated[str, Form(max_length=100)]
Act = Callable[[Tx, By], Awaitable[Any]]


@router.get("")
async def show(request: Request, database: Db, cursor: Annotated[str | None, Query(max_length=2000)] = None) -> Response:
    """Shows people by name."""
    return await _drawn(request, database, cursor=cursor)


@router.post("/add")
async def add(
    request: Request,
    database: Db,
    signed: Operator,
    role: Annotated[Role, Form()],
    name: Name = "",
    password: Annotated[str, Form(max_length=4096)] = "",
    form_id: FormId = "",
) -> Response:
    """Adds a person; without a password they sign in by a link."""
    if password and (why := trouble(password)):
        return await _drawn(request, database, status=422, words=why, typed=(name, role))
    hashed = await request.app.state.passwords.hashed(password) if password else None
    return await _act(
        request, database, By(signed.person, signed.role, form_id), name, lambda tx, by: roster.add(tx, by, name, role, hashed)
    )


@router.post("/role")
async def change_role(
    request: Request, database: Db, signed: Operator, name: Name, role: Annotated[Role, Form()], form_id: FormId = ""
) -> Response:
    """Gives a person another role; their sessions end."""
    by = By(signed.person, signed.role, form_id)
    return await _act(request, database, by, name, lambda tx, by: roster.change(tx, by, name, role=role))


@router.post("/disable")
async def disable(
    request: Request, database: Db, signed: Operator, name: Name, disabled: Annotated[bool, Form()], form_id: FormId = ""
) -> Response:
    """Lets a person in no more, or again."""
    by = By(signed.person, signed.role, form_id)
    return await _act(request, database, by, name, lambda tx, by: roster.change(tx, by, name, disabled=disabled))


@router.post("/end-sessions")
async def end_sessions(request: Request, database: Db, signed: Operator, name: Name, form_id: FormId = "") -> Response:
    """Signs a person out everywhere."""
    by = By(signed.person, signed.role, form_id)
    return await _act(request, database, by, name, lambda tx, by: roster.end_sessions(tx, by, name))


@router.post("/remove")
async def remove(request: Request, database: Db, signed: Operator, name: Name, form_id: FormId = "") -> Response:
    """Removes a person."""
    by = By(signed.person, signed.role, form_id)
    return await _act(request, database, by, name, lambda tx, by: roster.remove(tx, by, name))


@router.post("/link")
async def make_link(request: Request, database: Db, signed: Operator, name: Name, form_id: FormId = "") -> Response:
    """Makes a link that signs this person in once, and shows it once."""
    try:
        async with database.transaction() as tx:
            link = await roster.make_link(tx, By(signed.person, signed.role, form_id), name)
    except Problem as problem:
        return await _drawn(request, database, status=problem.status_code, words=problem.detail)
    url = f"{request.app.state.settings.console_url.rstrip('/')}/enter/{link.id}"
    return draw(request, "people/link.html", person=name, link=url, ends_at=link.ends_at)


async def _act(request: Request, database: Database, by: By, name: str, act: Act) -> Response:
    """Acts once for a form, then leads back to the page; what is refused is said on it."""
    try:
        async with database.transaction() as tx:
            if not by.form_id or not await audit.recorded(tx, by.form_id, by.person):
                await act(tx, by)
    except Problem as problem:
        if not await _done_meanwhile(database, by):
            return await _drawn(request, database, status=problem.status_code, words=problem.detail, typed=(name, Role.VIEWER))
    location = f"{prefix_of(request.app.state.settings)}/people#{quote(name, safe='')}"
    return Response(status_code=303, headers={"Location": location, "Cache-Control": "no-store"})


async def _done_meanwhile(database: Database, by: By) -> bool:
    """Returns True when the same form, sent twice at once, has done it."""
    async with database.connection() as tx:
        return bool(by.form_id) and await audit.recorded(tx, by.form_id or "", by.person)


async def _drawn(
    request: Request,
    database: Database,
    *,
    cursor: str | None = None,
    status: int = 200,
    words: str = "",
    typed: Sequence[str] = ("", Role.AGENT),
) -> Response:
    async with database.connection() as tx:
        rows = await people.listed(tx, position_of(cursor), ROWS + 1)
    after = cursor_of(rows[ROWS - 1]["name"]) if len(rows) > ROWS else None
    shown = {"people": rows[:ROWS], "next": after, "words": words, "typed_name": typed[0], "typed_role": typed[1]}
    return draw(request, "people/page.html", live=("audit",), status=status, roles=list(Role), **shown)
