"""A workflow of Microsoft Teams: it answers 202 to whatever JSON its trigger takes, and posts it afterwards, or fails to (`failed`)."""

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

HOST = "default1234.5.environment.api.powerplatform.com"
PATH = "/powerautomate/automations/direct/workflows/852a3c17/triggers/manual/paths/invoke"
URL = f"https://{HOST}:443{PATH}?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=6V3RlN2Xfbi"
LARGEST = 28672  # bytes of a message in Teams (github.com/MicrosoftDocs/msteams-docs/issues/11274)
CARD = "application/vnd.microsoft.card.adaptive"
WEIGHT = 28897 / 24453  # what Teams counted there, against what was posted


@dataclass
class FakeTeams:
    """One workflow that posts to one channel."""

    posted: list[dict[str, Any]] = field(default_factory=list)  # cards
    failed: list[str] = field(default_factory=list)  # runs that posted nothing, by why
    state: str = "Enabled"
    limited: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await self._answer(request, await request.body())(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> Response:
        if self.limited:
            self.limited -= 1
            return _error(429, "TooManyRequests", "Rate limit is exceeded.", {"retry-after": "17"})
        if request.url.path != PATH:
            return _error(404, "WorkflowNotFound", "The workflow could not be found.")
        if request.query_params.get("sig") != "6V3RlN2Xfbi" or request.query_params.get("sp") != "/triggers/manual/run":
            return _error(401, "DirectApiAuthorizationRequired", "The request must be authenticated only by Shared Access scheme.")
        if self.state != "Enabled":
            return _error(400, "WorkflowTriggerIsNotEnabled", f"Could not execute workflow trigger 'manual' with state '{self.state}'.")
        if request.headers.get("content-type") != "application/json":
            return _error(400, "TriggerInputSchemaMismatch", "The input body for trigger 'manual' did not match its schema.")
        self._run(body)
        return Response(status_code=202)

    def _run(self, body: bytes) -> None:
        said = json.loads(body)
        if len(json.dumps(said)) * WEIGHT > LARGEST:
            self.failed.append("MessageSizeExceeded")
        elif said["type"] != "message" or [each["contentType"] for each in said["attachments"]] != [CARD]:
            self.failed.append("InvalidActivity")
        elif not _is_card(said["attachments"][0]["content"]):
            self.failed.append("InvalidBotAdaptiveCard")
        else:
            self.posted.append(said["attachments"][0]["content"])


def _is_card(card: dict[str, Any]) -> bool:
    known = card.get("type") == "AdaptiveCard" and card.get("version") in ("1.2", "1.3", "1.4", "1.5") and card.get("body")
    blocks = all(each["type"] == "TextBlock" and each["text"] for each in card["body"])
    actions = all(each["type"] == "Action.OpenUrl" and each["url"].startswith("http") for each in card.get("actions", []))
    return bool(known) and blocks and actions


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)
