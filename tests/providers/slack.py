"""Slack's incoming webhooks: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

URL = "https://hooks.slack.com/services/T0001/B0001/abcdefghijklmnop"
PATH = "/services/T0001/B0001/abcdefghijklmnop"
_mention = re.compile(r"<[!@#][^>]*>").findall


@dataclass
class FakeSlack:
    """One workspace with one webhook."""

    posted: list[dict[str, Any]] = field(default_factory=list)
    mentioned: list[str] = field(default_factory=list)  # whom the messages would call
    archived: bool = False
    limited: int = 0  # so many calls are answered 429

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await self._answer(request, await request.body())(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> Response:
        status, word = self._judge(request, body)
        headers = {"retry-after": "30"} if status == 429 else {}
        return PlainTextResponse(word, status, headers)

    def _judge(self, request: Request, body: bytes) -> tuple[int, str]:
        if self.limited:
            self.limited -= 1
            return 429, "rate_limited"
        if request.url.path != PATH:
            same_hook = request.url.path.startswith(PATH.rpartition("/")[0])
            return (403, "invalid_token") if same_hook else (404, "no_service")
        if self.archived:
            return 410, "channel_is_archived"
        if request.method != "POST" or request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return 400, "invalid_payload"
        try:
            said = json.loads(body)
        except ValueError:
            return 400, "invalid_payload"
        return self._take(said)

    def _take(self, said: Any) -> tuple[int, str]:
        if not isinstance(said, dict):
            return 400, "invalid_payload"
        blocks = said.get("blocks", [])
        if not said.get("text") and not blocks:
            return 400, "no_text"
        if not isinstance(blocks, list) or len(blocks) > 50:
            return 400, "invalid_blocks_format"
        if not all(map(_is_section, blocks)):
            return 400, "invalid_blocks"
        self.posted.append(said)
        for text in (said.get("text", ""), *(block["text"]["text"] for block in blocks)):
            self.mentioned += _mention(text)
        return 200, "ok"


def _is_section(block: Any) -> bool:
    match block:
        case {"type": "section", "text": {"type": "mrkdwn" | "plain_text", "text": str(text), **rest}}:
            return 1 <= len(text) <= 3000 and not rest.keys() - {"verbatim", "emoji"}
    return False
