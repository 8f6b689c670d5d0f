"""Every proactive mail links to this page, where one click ends mails of its kind (RFC 8058).

It has no login, no cookie and no redirect. Mail scanners follow links, so GET changes nothing and only shows a button.
"""

import html

from fastapi import APIRouter, Request, Response

from services.notifier import facts, metrics
from services.notifier.acts import remembering
from services.notifier.public.asking import NOT_OURS
from services.notifier.public.links import Right, right_of
from services.notifier.settings import NotifierSettings
from services.notifier.store import directory, ledger
from shared.api import Db, Problem
from shared.erasing import erased_at
from shared.outbox import say
from shared.postgres import Tx

router = APIRouter(prefix="/u", tags=["public"])

PURPOSES = {"incident": "mails about trouble with the service", "guidance": "mails with advice"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body style="font:16px/1.5 sans-serif;max-width:32em;margin:3em auto;padding:0 1em"><main>{content}</main></body></html>
"""
BUTTON = '<p>You get {what}.</p><form method="post"><button style="font:inherit;padding:.5em 1em">Stop them</button></form>'
DONE = "<p>You will get no more {what}. Answers to what you ask us still come.</p>"


@router.get("/{token}", response_class=Response, responses=NOT_OURS)
async def show(token: str, request: Request) -> Response:
    """Returns a page with a button. 404 for a link that is not ours."""
    right = _right(token, request)
    return _page(BUTTON.format(what=html.escape(PURPOSES[right.purpose])))


@router.post("/{token}", response_class=Response, responses=NOT_OURS)
async def stop(token: str, request: Request, database: Db) -> Response:
    """Ends this kind of mail at once, whatever body a mailbox provider posts. 404 for a link that is not ours."""
    right = _right(token, request)
    async with database.transaction() as tx:
        erased = await erased_at(tx, [right.customer_id])  # they are told nothing anyway, and nothing of them is kept
        new = not erased and await tx.fetchval(directory.queries.opt_out, right.customer_id, right.purpose)
        if new:
            await _say(tx, right)
    if new:
        metrics.UNSUBSCRIBED.inc()
    return _page(DONE.format(what=html.escape(PURPOSES[right.purpose])))


def _right(token: str, request: Request) -> Right:
    settings: NotifierSettings = request.app.state.settings
    right = right_of(token, settings.link_secret.get_secret_value())
    if right is None or right.purpose not in PURPOSES:
        raise Problem(404, "there is no such page")
    return right


async def _say(tx: Tx, right: Right) -> None:
    notification = await ledger.last_proactive(tx, right.customer_id)
    if notification is not None:
        await remembering.opted_out(tx, notification.id)
        await say(tx, facts.unsubscribed(notification, await tx.fetchval("SELECT clock()")))


def _page(content: str) -> Response:
    return Response(PAGE.format(title="Your mails", content=content), media_type="text/html; charset=utf-8", headers=HEADERS)
