"""Draws one audience that waits for approval, and takes a person's decision about it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from services.console.acting.acts import ACTS
from services.console.acting.outcome import Done, Refused
from services.console.acting.performing import perform, texts_of
from services.console.acting.watching import CONSENT
from services.console.frame import charts
from services.console.frame.answers import listed, moment, text
from services.console.frame.drawing import draw
from services.console.frame.reasons import in_short
from services.console.frame.words import segment
from services.console.pages.approval.forms import FORMS
from services.console.pages.approval.story import Story, story_of, voided
from services.console.pages.notifier import changed_at, logged, of_notifier
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.answers import Cursor, Name
from shared.api import Problem

router = APIRouter(dependencies=[allow(Role.VIEWER)])

RECIPIENTS = 50  # customers on a page


@dataclass(frozen=True)
class Sent:
    """A form that was refused, and what was typed into it."""

    form: str = ""
    refused: Refused | None = None
    typed: Mapping[str, str] = field(default_factory=dict)


@router.get("/approvals/{approval_id}")
async def show(request: Request, approval_id: Name, cursor: Cursor = None) -> Response:
    """Shows one approval, and from `cursor` on who waits for it. 404 when there is none."""
    return await _drawn(request, approval_id, Sent(), cursor)


@router.post("/approvals/{approval_id}/{form}", dependencies=[allow(Role.OPERATOR)])
async def act(request: Request, approval_id: Name, form: str, customer: Annotated[list[str] | None, Form()] = None) -> Response:
    """Does with the audience what a form of its page asks for."""
    if form not in FORMS:
        raise Problem(404, "there is no such form on an approval")
    typed = await texts_of(request)
    name, body = FORMS[form](typed, customer or ())
    outcome = await perform(request, name, where={"approval_id": approval_id}, body=body, subject=f"approval:{approval_id}")
    if isinstance(outcome, Refused):
        return await _drawn(request, approval_id, Sent(form, outcome, typed))
    return await changed_at(request, f"/approvals/{segment(approval_id)}" + ("?sent=me" if form == "send-to-me" else ""))


async def _drawn(request: Request, approval_id: str, sent: Sent, cursor: str | None = None) -> Response:
    at = f"/v1/approvals/{segment(approval_id)}"
    place = f"&cursor={segment(cursor)}" if cursor else ""
    said, waits = await asyncio.gather(of_notifier(request, at), of_notifier(request, f"{at}/recipients?limit={RECIPIENTS}{place}"))
    if isinstance(said, Refused) and said.status == 409:
        raise Problem(404, "there is no such approval")
    story = story_of(said.answer) if isinstance(said, Done) else None
    entries = await logged(request, f"gate {story.gate}") if story else []
    found = waits.answer if isinstance(waits, Done) else {}
    return draw(
        request,
        "approval/page.html",
        live=(CONSENT, f"approval:{approval_id}"),
        status=sent.refused.status if sent.refused else 200,
        approval_id=approval_id,
        story=story,
        chart=_chart(story) if story else "",
        entries=entries,
        void=voided(story, entries) if story else None,
        recipients=[_recipient(each) for each in listed(found, "items")],
        next=text(found, "next") or None,
        in_short=lambda reason: {"delivered": "told already"}.get(reason) or in_short(reason),
        may_decide=request.state.signed.role.may(ACTS["approval.approve"].role),
        may_read=request.state.signed.role.may(Role.AGENT),
        proven=request.query_params.get("sent") == "me",
        refused=sent.refused,
        form=sent.form,
        typed=sent.typed,
    )


def _chart(story: Story) -> Any:
    """Draws how many would be told beside what is normal for the rule."""
    named = {"this audience": story.total, "would be told": story.waiting}
    if story.normal is not None:
        named["normal for the rule"] = story.normal
    return charts.bars(named, "Customers")


def _recipient(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: text(said, name) for name in ("customer_id", "name", "certainty")} | {"about_at": moment(said, "about_at")}
