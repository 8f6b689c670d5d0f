"""Shows messages as mail programs do: pages for a sandboxed frame, which load nothing and run nothing."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from services.console.acting.acts import Owner
from services.console.acting.outcome import Done, Refused
from services.console.acting.owners import Owners
from services.console.acting.performing import texts_of
from services.console.frame.answers import text
from services.console.frame.words import segment
from services.console.pages.approval.forms import words_of
from services.console.pages.notifier import PATIENCE_S, PERSON, of_notifier
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.answers import Name

# Its styles stand in the mail. As a document of its own it would be sandboxed just as well.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'self'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
PLAIN = Markup(
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{}</title>'
    '<body style="margin:1rem;font:1rem/1.5 system-ui,sans-serif;color:#111;background:#fff;white-space:pre-line;overflow-wrap:anywhere">'
    "<strong>{}</strong>\n\n{}</body></html>"
)

router = APIRouter()


@router.get("/approvals/{approval_id}/messages/{place}", dependencies=[allow(Role.AGENT)])
async def show_message(request: Request, approval_id: Name, place: Name) -> Response:
    """Shows one of the samples; those of whom it is for may be read by agents alone."""
    return _framed(await of_notifier(request, f"/v1/approvals/{segment(approval_id)}/samples/{segment(place)}"))


@router.post("/approvals/{approval_id}/preview", dependencies=[allow(Role.OPERATOR)])
async def preview(request: Request, approval_id: Name) -> Response:
    """Shows the words of the form as the first sample would have them; nothing is kept."""
    owners: Owners = request.app.state.owners
    path, words = f"/v1/approvals/{segment(approval_id)}/preview", {"words": words_of(await texts_of(request))}
    return _framed(await owners.ask(Owner.NOTIFIER, "POST", path, person=PERSON, body=words, within=PATIENCE_S))


def _framed(said: Done | Refused) -> Response:
    """Returns the page of a message, its words where it has none, or why there is no message."""
    if isinstance(said, Refused):
        return _answer(PLAIN.format("No message", "No message", said.words))
    return _answer(_page(said.answer))


def _page(message: Mapping[str, Any]) -> str:
    subject = text(message, "subject")
    return text(message, "html") or PLAIN.format(subject, subject, text(message, "text"))


def _answer(page: str) -> Response:
    return Response(page, 200, HEADERS, "text/html; charset=utf-8")
