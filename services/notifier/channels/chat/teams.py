"""Microsoft Teams, by a workflow that posts what its webhook gets: what it takes, and what its answers mean.

https://learn.microsoft.com/en-us/connectors/teams/#microsoft-teams-webhook; a message has at most 28 KB in Teams. The workflow answers 202
before Teams has the message, and says nothing of what becomes of it.
"""

import json
import re
from typing import Any

from services.notifier.channels.answer import Answer, judged
from services.notifier.channels.chat.provider import Provider
from services.notifier.channels.chat.words import body_of
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Rendered
from shared.events.lines import one_line

# Teams counts more bytes than are posted: 28,897 where 24,453 were (github.com/MicrosoftDocs/msteams-docs/issues/11274).
LARGEST = 20_000  # bytes of a card as JSON in ASCII
SUBJECT = 500
SIGNATURE_WRONG = (401, 403)  # the address holds its own signature
NO_SUCH_ADDRESS = ("WorkflowNotFound", "WorkflowTriggerNotFound")
TURNED_OFF = "WorkflowTriggerIsNotEnabled"
_code = re.compile(r"[A-Za-z]{1,64}").fullmatch


def body(message: Rendered) -> dict[str, Any]:
    """Returns the message: an adaptive card with the subject, the text line by line, and a button for the link that ends such messages."""
    heading = _block(one_line(message.subject, SUBJECT)) | {"weight": "Bolder", "size": "Medium", "style": "heading"}
    lines = [heading]
    left = LARGEST - len(json.dumps(_message(message, lines)))
    gap = False
    for line in body_of(message).splitlines():
        if not line.strip():
            gap = True
            continue
        block = _block(line) | {"spacing": "Medium" if gap else "None"}
        left, gap = left - len(json.dumps(block)) - 2, False
        if left < 200:
            lines.append(_block("…"))
            break
        lines.append(block)
    return _message(message, lines)


def _message(message: Rendered, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
        "msteams": {"width": "Full"},
    }
    if message.unsubscribe:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "No more of these", "url": message.unsubscribe}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _block(text: str) -> dict[str, Any]:
    # A text block reads Markdown: a link that shows another text than its address is taken apart.
    return {"type": "TextBlock", "text": text.replace("](", "] ("), "wrap": True}


def outcome(answer: Answer) -> Outcome:
    """Returns what an answer means. Errors are `{"error": {"code": …}}`."""
    code, said = _error(answer)
    detail = f"{answer.status} {code}".strip()
    if 200 <= answer.status < 300:
        return Delivered(detail)
    gone = code in NO_SUCH_ADDRESS or (code == TURNED_OFF and "'Deleted'" in said)
    if gone or answer.status in (404, 410, *SIGNATURE_WRONG):
        return Failed(Refusal.ADDRESS, detail)
    if code == TURNED_OFF:
        return Failed(Refusal.REFUSED, detail)
    return judged(answer, detail)


def _error(answer: Answer) -> tuple[str, str]:
    """Returns the code of an error, and its words, which name parts of the address."""
    match answer.json:
        case {"error": {"code": str(code), **rest}} if _code(code):
            return code, str(rest.get("message", ""))
    return "", ""


HOSTS = ("*.logic.azure.com", "*.api.powerplatform.com", "*.logic.azure.us", "*.api.powerplatform.us")  # the last two: US government
TEAMS = Provider("teams", HOSTS, "/", 1.0, body, outcome)
