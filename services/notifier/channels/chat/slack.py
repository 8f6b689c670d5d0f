"""Slack, by an incoming webhook: what it takes, and what its answers mean.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, with the limits of /reference/block-kit and
/apis/web-api/rate-limits (one message a second to a channel).
"""

from typing import Any

from services.notifier.channels.answer import Answer, judged
from services.notifier.channels.chat.provider import Provider
from services.notifier.channels.chat.words import body_of, cut, pieces, shown
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Rendered, Retry, Trouble
from shared.events.lines import one_line

SECTION = 3000  # characters of a text object, as they are sent
SUBJECT = 500
TEXT = 12_000  # characters; what is longer is for no chat
FALLBACK = 4000  # characters of `text`, which notifications and screen readers show
NO_SUCH_ADDRESS = frozenset(
    {
        *("no_service", "no_team", "no_active_hooks", "invalid_token", "team_disabled"),
        *("user_not_found", "channel_not_found", "channel_is_archived"),
    }
)


def body(message: Rendered) -> dict[str, Any]:
    """Returns the message: the subject in bold, then the text in sections."""
    subject, text = one_line(message.subject, SUBJECT), cut(body_of(message), TEXT)
    bold = _marked(subject).replace("*", "∗")  # a star would end it, and Slack has no way to escape one
    sections = [f"*{bold}*"] * bool(subject) + [_marked(each) for each in pieces(text, SECTION, _size)]
    return {
        "text": _escaped(cut(f"{subject}\n{text}".strip(), FALLBACK, lambda said: len(_escaped(said)))),
        "blocks": [_section(each) for each in sections],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _section(text: str) -> dict[str, Any]:
    # Verbatim: a name of a channel or person in the text is text, and mentions nobody.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _marked(text: str) -> str:
    return shown(text, _escaped, lambda link: f"<{_escaped(link)}>")


def _size(text: str) -> int:
    return len(_marked(text))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def outcome(answer: Answer) -> Outcome:
    """Returns what an answer means. Slack says `ok`, or one word."""
    detail = f"{answer.status} {answer.code}".strip()
    if answer.code in NO_SUCH_ADDRESS or answer.status in (404, 410):
        return Failed(Refusal.ADDRESS, detail)
    if 200 <= answer.status < 300:
        return Delivered(detail) if answer.code == "ok" else Retry(None, Trouble.UNKNOWN, detail)
    return judged(answer, detail)


SLACK = Provider("slack", ("hooks.slack.com",), "/services/", 1.0, body, outcome)
