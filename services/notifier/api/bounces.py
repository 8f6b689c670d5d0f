"""Mail gateways and providers hand over what came back."""

import hashlib
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError, model_validator

from services.notifier.channels.email.bounces.matching import Matching
from services.notifier.channels.email.bounces.report import Ignored, Kind, Report, judged
from services.notifier.hearing.returned import Taken, count, matching_of, on_mail, on_report
from services.notifier.settings import NotifierSettings
from shared.answers import Name
from shared.api import Body, Db, IdempotencyKey, Problem, Role, allow, once
from shared.postgres import Tx

MAIL, JSON = "message/rfc822", "application/json"
OTHER: dict[int | str, dict[str, Any]] = {415: {"description": f"the body is neither {MAIL} nor {JSON}"}}

router = APIRouter(prefix="/v1", tags=["notifier"])


class Sort(StrEnum):
    BOUNCE = "bounce"
    COMPLAINT = "complaint"


class Said(Body):
    """What a provider's webhook says of one mail, instead of the report itself. One of the two ids is given."""

    notification_id: Name | None = None
    message_id: Name | None = Field(None, description="of our mail, with its <> or without")
    kind: Sort
    code: Annotated[str, Field(max_length=50, pattern=r"^[\x20-\x7e]*$", description="RFC 3463, as 5.1.1; none: it bounced for good")] = ""
    recipient: Annotated[str, Field(max_length=320, description="whom the provider names; an address that is theirs may be marked")] = ""

    @model_validator(mode="after")
    def _names_one(self) -> "Said":
        if (self.notification_id is None) == (self.message_id is None):
            raise ValueError("either notification_id or message_id is given")
        return self

    def id_of(self, report: Report) -> str:
        """Returns the id of the report: what is said again, of the same mail to the same recipient, is the same."""
        return hashlib.sha256(repr((report.message_ids, report.kind, self.recipient.lower())).encode("utf-8", "surrogatepass")).hexdigest()

    def report(self, domain: str) -> Report:
        """Returns the same as a report says it. `domain`: that of our Message-IDs."""
        message_id = (self.message_id or "").strip("<>") or f"{self.notification_id}@{domain}"
        kind, code = (Kind.COMPLAINT, self.code) if self.kind is Sort.COMPLAINT else judged(self.code)
        return Report(kind, code, message_ids=(message_id,), recipients=(self.recipient,) if self.recipient else ())


class ReturnedView(BaseModel):
    """What was found in it."""

    notification_id: str | None
    kind: Kind | None  # null: it says nothing of a mail of ours
    ignored: Ignored | None  # why not
    new: bool  # false: the same was said before, and changed nothing now


@router.post(
    "/bounces",
    response_model=ReturnedView,
    responses=OTHER,
    dependencies=[allow(Role.PRODUCER)],
    openapi_extra={"requestBody": {"content": {MAIL: {"schema": {"type": "string"}}, JSON: {"schema": Said.model_json_schema()}}}},
)
async def take_bounce(request: Request, database: Db, idempotency_key: IdempotencyKey = None) -> Response:
    """Takes a mail that came back, as it is, or what a provider says of one. The same once more changes nothing.

    A bounce for good fails the notification, and where there is no such address marks it; a complaint ends what we say first of
    this purpose. What is about no mail of ours is answered with why.
    """
    settings: NotifierSettings = request.app.state.settings
    matching = matching_of(settings)
    body, sort = await request.body(), request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sort not in (MAIL, JSON):
        raise Problem(415, f"a report is a mail ({MAIL}) or {JSON}")
    said = _said(body) if sort == JSON else None
    found: list[Taken | Ignored] = []

    async def act(tx: Tx) -> ReturnedView:
        found.append(await (on_mail(tx, matching, body) if said is None else _on_said(tx, matching, said)))
        return _shown(found[-1])

    answer = await once(request, database, idempotency_key, act)
    for each in found:
        count(each)
    return answer


async def _on_said(tx: Tx, matching: Matching, said: Said) -> Taken | Ignored:
    report = said.report(matching.domain)
    return await on_report(tx, matching, report, said.id_of(report))


def _said(body: bytes) -> Said:
    try:
        return Said.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError([{"loc": ("body", *each["loc"]), "msg": each["msg"]} for each in error.errors()]) from None


def _shown(taken: Taken | Ignored) -> ReturnedView:
    if isinstance(taken, Ignored):
        return ReturnedView(notification_id=None, kind=None, ignored=taken, new=False)
    return ReturnedView(notification_id=taken.notification_id, kind=taken.kind, ignored=None, new=taken.new)
