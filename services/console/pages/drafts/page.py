"""Takes what is being typed; forms draw it, and delete it once it is sent."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from services.console.sessions.roles import Role
from services.console.sessions.signed import Signed, allow
from services.console.store import drafts
from shared.api import Db

router = APIRouter()

Place = Annotated[str, Form(max_length=300, pattern=r"^[a-z]+:[^\x00-\x1f]+:[a-z]+$")]
FormId = Annotated[str, Form(max_length=100, pattern=r"^[A-Za-z0-9_-]*$")]
Text = Annotated[str, Form(max_length=drafts.LONGEST, pattern=r"^[^\x00]*$")]


@router.post("/drafts", status_code=204)
async def keep(database: Db, signed: Annotated[Signed, allow(Role.AGENT)], place: Place, text: Text = "", form_id: FormId = "") -> Response:
    """Keeps the text for whoever typed it, unless the form it was typed into has been sent by now."""
    async with database.transaction() as tx:
        await drafts.keep(tx, signed.person, place, text, form_id)
    return Response(status_code=204)
