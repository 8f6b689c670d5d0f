"""Discord, by a webhook of a channel: what it takes, and what its answers mean.

https://docs.discord.com/developers/resources/webhook#execute-webhook, and /topics/rate-limits, /topics/opcodes-and-status-codes
"""

import re
from datetime import timedelta
from typing import Any

from services.notifier.channels.answer import LONGEST_WAIT, Answer, judged
from services.notifier.channels.chat.provider import Provider
from services.notifier.channels.chat.words import body_of, cut, shown
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Rendered, Retry, Trouble
from shared.events.lines import one_line

CONTENT = 2000  # characters; counted in UTF-16, as the strictest reading of the limit
SUBJECT = 250
DESCRIPTION = 4096  # characters of an embed, where a longer text goes
NO_PREVIEWS = 1 << 2  # flag SUPPRESS_EMBEDS
NO_SUCH_ADDRESS = (10003, 10015, 10016, 50027)  # unknown channel, unknown webhook, its service, invalid webhook token
NO_THREAD = (220001, 220003)  # a forum, where a webhook needs the id of a thread
_marks = re.compile(r"([\\*_~`|>#\[\]()-])").sub
_number = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII).fullmatch
_id = re.compile(r"\d{1,20}", re.ASCII).fullmatch


def body(message: Rendered) -> dict[str, Any]:
    """Returns the message: the subject in bold and the text; a text that is too long for that becomes an embed."""
    text = body_of(message)
    heading = f"**{_escaped(one_line(message.subject, SUBJECT))}**"
    whole = f"{heading}\n\n{_marked(text)}"
    nobody: dict[str, Any] = {"allowed_mentions": {"parse": []}}
    if _size(whole) <= CONTENT:
        return {"content": whole, "flags": NO_PREVIEWS, **nobody}
    fitting = cut(text, DESCRIPTION, lambda said: _size(_marked(said)))
    return {"content": cut(heading, CONTENT, _size), "embeds": [{"description": _marked(fitting)}], **nobody}


def _marked(text: str) -> str:
    return shown(text, _escaped, lambda link: link)


def _escaped(text: str) -> str:
    return _marks(r"\\\1", text)


def _size(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2


def outcome(answer: Answer) -> Outcome:
    """Returns what an answer means. With `wait=true` a message that was taken is answered, otherwise `{"code": …}`."""
    said = answer.json if isinstance(answer.json, dict) else {}
    code = said.get("code")
    detail = f"{answer.status} {code}" if isinstance(code, int) else str(answer.status)
    if 200 <= answer.status < 300:
        message = str(said.get("id", ""))
        return Delivered(f"{detail} message {message}" if _id(message) else detail)
    if code in NO_SUCH_ADDRESS:
        return Failed(Refusal.ADDRESS, detail)
    if code in NO_THREAD:
        return Failed(Refusal.REFUSED, detail)
    asked = said.get("retry_after")
    if answer.status == 429 and isinstance(asked, int | float) and asked >= 0:
        return Retry(timedelta(seconds=min(float(asked), LONGEST_WAIT)), Trouble.DEFERRED, detail)
    return judged(answer, detail)


def wait(answer: Answer) -> timedelta | None:
    """Returns how long the webhook is to be left alone after this message, when its limit is used up."""
    reset = answer.headers.get("x-ratelimit-reset-after", "")
    if answer.headers.get("x-ratelimit-remaining") != "0" or not _number(reset):
        return None
    return timedelta(seconds=min(float(reset), LONGEST_WAIT))


HOSTS = ("discord.com", "discordapp.com", "canary.discord.com", "ptb.discord.com")
# Five calls in two seconds are the limit of a webhook at the time of writing; `X-RateLimit-*` and 429 say what it is.
DISCORD = Provider("discord", HOSTS, "/api/", 0.4, body, outcome, {"wait": "true"}, wait)
