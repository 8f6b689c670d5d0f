"""Lists the audiences that wait for approval, and those about which people have decided."""

from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from services.console.acting.outcome import Done
from services.console.acting.watching import CONSENT
from services.console.frame.answers import listed, moment, text, whole
from services.console.frame.drawing import draw
from services.console.frame.words import segment
from services.console.live.changes import ERASED
from services.console.pages.notifier import of_notifier
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.answers import Cursor

router = APIRouter(dependencies=[allow(Role.VIEWER)])

ROWS = 50
TEXTS = ("id", "gate", "rule", "title", "standing", "decided_by", "first_by", "reason")
MOMENTS = ("asked_at", "expires_at", "decided_at")


@router.get("/approvals")
async def show(request: Request, show: Literal["waiting", "all"] = "waiting", cursor: Cursor = None) -> Response:
    """Shows a page of approvals, the latest first."""
    standing = "standing=waiting&" if show == "waiting" else ""
    place = f"&cursor={segment(cursor)}" if cursor else ""
    said = await of_notifier(request, f"/v1/approvals?{standing}limit={ROWS}{place}")
    answer = said.answer if isinstance(said, Done) else {}
    return draw(
        request,
        "approvals/page.html",
        live=(CONSENT,) if cursor is None else (ERASED,),
        answers=isinstance(said, Done),
        chosen=show,
        approvals=[row_of(each) for each in listed(answer, "items")],
        next=text(answer, "next") or None,
    )


def row_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what is shown of one approval; a version of notifier that says less of it leaves gaps. Pure."""
    return {
        **{name: text(said, name) for name in TEXTS},
        **{name: moment(said, name) for name in MOMENTS},
        "advice": said.get("advice") is True,
        "total": whole(said, "total"),
        "round": whole(said, "round"),
    }
