"""A link that signs in once: its page has a button, since mail scanners and previews follow links, and only the button uses it up."""

from fastapi import APIRouter, Request, Response

from services.console import metrics
from services.console.frame.drawing import draw
from services.console.pages.sign_in.page import onward
from services.console.sessions.cookies import LONGEST, digest_of
from services.console.sessions.signing_in import begin
from services.console.store import sessions
from shared.api import Db

router = APIRouter()


@router.get("/enter/{link}")
async def show(request: Request, database: Db, link: str) -> Response:
    """Shows whom the link signs in, or that it is used or too old."""
    async with database.connection() as tx:
        row = await sessions.link(tx, digest_of(link)) if len(link) <= LONGEST else None
    return _over(request) if row is None else draw(request, "sign_in/link.html", person=row["person"], role=row["role"])


@router.post("/enter/{link}")
async def enter(request: Request, database: Db, link: str) -> Response:
    """Signs in, and uses the link up."""
    answer = onward(request, "/")
    async with database.transaction() as tx:
        row = await sessions.use_link(tx, digest_of(link)) if len(link) <= LONGEST else None
        if row is not None:
            await begin(tx, request, answer, row["person"], row["role"], "link")
    if row is not None:
        return answer
    if request.state.signed:  # the button was pressed twice: the first one signed in
        return onward(request, "/")
    metrics.SIGN_INS_FAILED.labels("link").inc()
    return _over(request)


def _over(request: Request) -> Response:
    return draw(request, "sign_in/over.html", status=404)
