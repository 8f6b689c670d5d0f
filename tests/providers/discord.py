"""Discord's webhooks: docs.discord.com/developers/resources/webhook, /topics/opcodes-and-status-codes and /topics/rate-limits."""

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

URL = "https://discord.com/api/webhooks/1234567890/aVeryLongToken"


@dataclass
class FakeDiscord:
    """One webhook of one channel."""

    posted: list[dict[str, Any]] = field(default_factory=list)
    pinged: int = 0  # messages that would have called everybody
    deleted: bool = False
    forum: bool = False
    limited: int = 0
    left: int = 5  # of the limit; it is said in each answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await self._answer(request, await request.body())(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> Response:
        if self.limited:
            self.limited -= 1
            said = {"message": "You are being rate limited.", "retry_after": 64.57, "global": False}
            return JSONResponse(said, 429, {"retry-after": "65", "x-ratelimit-remaining": "0"})
        _, _, found = request.url.path.partition("/webhooks/")
        identifier, _, token = found.partition("/")
        if self.deleted or identifier != "1234567890":
            return _error(404, 10015, "Unknown Webhook")
        if token != "aVeryLongToken":
            return _error(401, 50027, "Invalid Webhook Token")
        if request.headers.get("content-type") != "application/json":
            return _error(400, 50035, "Invalid Form Body")
        if self.forum and "thread_id" not in request.query_params:
            return _error(400, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")
        return self._take(json.loads(body), wait=request.query_params.get("wait") == "true")

    def _take(self, said: dict[str, Any], *, wait: bool) -> Response:
        content, embeds = said.get("content", ""), said.get("embeds", [])
        if not content and not embeds:
            return _error(400, 50006, "Cannot send an empty message")
        if len(content) > 2000 or len(embeds) > 10 or any(len(each.get("description", "")) > 4096 for each in embeds):
            return _error(400, 50035, "Invalid Form Body")
        self.posted.append(said)
        if "@everyone" in content and "parse" not in said.get("allowed_mentions", {}):
            self.pinged += 1
        self.left -= 1
        headers = {"x-ratelimit-limit": "5", "x-ratelimit-remaining": str(self.left), "x-ratelimit-reset-after": "1.5"}
        message = {"id": f"99887766{len(self.posted)}", "type": 0, "content": content, "channel_id": "42"}
        return JSONResponse(message, 200, headers) if wait else Response(status_code=204, headers=headers)


def _error(status: int, code: int, message: str) -> Response:
    return JSONResponse({"message": message, "code": code}, status)
