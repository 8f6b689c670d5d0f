"""A viewer asks to see personal data, for a quarter of an hour and with a reason, which the audit log keeps."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from services.console.frame.drawing import draw
from services.console.pages.sign_in.page import onward
from services.console.sessions.auditing import noted
from services.console.sessions.roles import Role
from services.console.sessions.signed import Signed, allow
from services.console.store import sessions
from services.console.store.audit import Entry
from shared.api import Db

HOW_LONG = timedelta(minutes=15)

router = APIRouter()

Viewer = Annotated[Signed, allow(Role.VIEWER)]
Next = Annotated[str, Form(max_length=2000)]


@router.get("/unmask", dependencies=[allow(Role.VIEWER)])
async def ask(request: Request, next: str = "/") -> Response:
    """Shows the form."""
    return draw(request, "sign_in/unmask.html", next=next, words="", reason="")


@router.post("/unmask")
async def unmask(
    request: Request,
    database: Db,
    signed: Viewer,
    reason: Annotated[str, Form(max_length=500)] = "",
    next: Next = "/",
) -> Response:
    """Shows personal data in this session for 15 minutes. 422 without a reason."""
    if not reason.strip():
        return draw(request, "sign_in/unmask.html", status=422, next=next, words="Say why: the audit log keeps it.", reason=reason)
    async with database.transaction() as tx:
        await sessions.unmask(tx, signed.session, signed.person, HOW_LONG)
        after = {"reason": reason.strip(), "minutes": 15}
        await noted(tx, Entry(signed.person, signed.role, "see personal data", f"person:{signed.person}", after=after))
    return onward(request, next)


@router.post("/mask")
async def mask(request: Request, database: Db, signed: Viewer, next: Next = "/") -> Response:
    """Hides personal data again."""
    async with database.transaction() as tx:
        await sessions.unmask(tx, signed.session, signed.person, timedelta())
        await noted(tx, Entry(signed.person, signed.role, "hide personal data", f"person:{signed.person}"))
    return onward(request, next)
