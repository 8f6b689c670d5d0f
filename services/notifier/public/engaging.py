"""Mails lead here: their image, their links where clicks are counted, and the page that asks whether they helped.

There is no login, no cookie and no script. Scanners follow links, so no GET votes; where a link leads stands in its seal, so that
it leads nowhere else. A link that is not ours is not found, and of what came nobody's address is kept.
"""

import base64
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.notifier import metrics
from services.notifier.acts import engaging
from services.notifier.acts.engaging import Answer
from services.notifier.links import What
from services.notifier.public.asking import NOT_OURS, is_ahead, use_of
from services.notifier.public.unsubscribe import HEADERS, PAGE
from services.notifier.wording.engaging import Engagement
from shared.api import Db, Problem
from shared.postgres import Database

IMAGE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")  # one transparent pixel
FIELDS = 10  # of a form
TITLE = "Did this help you?"
ANSWERED = {Answer.YES: "You said that it helped. Thank you.", Answer.NO: "You said that it did not help. Thank you for telling us."}
QUESTION = (
    '<h1 style="font-size:1.4em">Did this help you?</h1>{answered}<form method="post">'
    '<button name="answer" value="yes" style="font:inherit;padding:.5em 1em">Yes, it helped</button> '
    '<button name="answer" value="no" style="font:inherit;padding:.5em 1em">No, it did not</button></form>'
)


def router_of(policy: Engagement) -> APIRouter:
    """Makes the routes; `policy` says what is counted. Links of mails from before it changed work all the same."""
    router = APIRouter(tags=["public"])

    @router.get("/o/{opened}", response_class=Response, responses=NOT_OURS)
    async def load(opened: str, request: Request, database: Db) -> Response:
        """Returns the image, and notes that the mail was opened."""
        use = use_of(opened, What.OPENED, request)
        if policy.opens and not is_ahead(request):
            await _used(database, use.notification_id, What.OPENED)
        return Response(IMAGE, media_type="image/gif", headers=HEADERS)

    @router.get("/c/{clicked}", response_class=Response, status_code=303, responses=NOT_OURS)
    async def follow(clicked: str, request: Request, database: Db) -> Response:
        """Leads to where the link of the mail led (RFC 9110, 15.4.4), and notes that it was followed."""
        use = use_of(clicked, What.CLICKED, request)
        if policy.clicks and not is_ahead(request):
            await _used(database, use.notification_id, What.CLICKED)
        return RedirectResponse(use.more, 303, HEADERS)

    @router.get("/h/{helped}", response_class=Response, responses=NOT_OURS)
    async def ask(helped: str, request: Request) -> Response:
        """Returns the page with the question. It notes nothing."""
        use_of(helped, What.HELPED, request)
        return _page(None)

    @router.post("/h/{helped}", response_class=Response, responses=NOT_OURS)
    async def answer(helped: str, request: Request, database: Db) -> Response:
        """Notes the answer; it may be changed. 422 for a form without one."""
        use = use_of(helped, What.HELPED, request)
        said = _answer_in(await request.body())
        async with database.transaction() as tx:
            noted = await engaging.answered(tx, use.notification_id, said)
        if noted and noted.new:
            metrics.ENGAGED.labels(said).inc()
        return _page(noted.answer if noted else said)

    return router


async def _used(database: Database, notification_id: str, what: What) -> None:
    async with database.transaction() as tx:
        new = await engaging.used(tx, notification_id, what)
    if new:
        metrics.ENGAGED.labels(what).inc()


def _answer_in(body: bytes) -> Answer:
    try:
        [said] = parse_qs(body.decode("ascii"), max_num_fields=FIELDS, strict_parsing=True)["answer"]
        return Answer(said)
    except (ValueError, KeyError):
        raise Problem(422, "the answer is neither yes nor no") from None


def _page(answered: Answer | None) -> Response:
    said = f'<p role="status">{ANSWERED[answered]} You can change your answer.</p>' if answered else ""
    content = PAGE.format(title=TITLE, content=QUESTION.format(answered=said))
    return Response(content, media_type="text/html; charset=utf-8", headers=HEADERS)
