"""A notification becomes a mail (RFC 5322): headers for threads and for one-click unsubscribe, its text, and the same as HTML. Pure."""

import html
import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime

from services.notifier.audience import is_address, with_ascii_domain
from services.notifier.channels.email import headers, parts
from services.notifier.channels.outcome import Rendered
from services.notifier.notification import Kind
from shared.events.lines import cut, one_line

NAME = 120  # characters of a name that are shown
SUBJECT = 250  # characters of a subject
TEXT = 110_000  # characters of the text: what may be written on a ticket, and what stands around it
OTHER = 500  # characters of any other value that is not ours
THREAD = 20  # ids in References: the first and the latest, as RFC 5537, 3.4.4 shortens it

_control_but_newline = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]").sub
_sender = re.compile(r'"?(?P<name>[^<>"\x00-\x1f]*+)"?\s*+<(?P<named>[^<>]+)>|(?P<bare>[^<>]+)').fullmatch
_link = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")

PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><title>{title}</title></head>
<body style="font:16px/1.5 sans-serif;color:#222;max-width:36em;margin:2em auto;padding:0 1em">
{paragraphs}
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender that mails come from."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def sender_of(mail_from: str, name: str = "") -> Sender:
    """Returns the sender that `mail_from` (`address` or `Name <address>`) names; `name` counts before its own.

    Raises ValueError for no address, and for one with a local part that not every server takes (RFC 6531).
    """
    said = _sender(mail_from)
    own_name, address = ((said["name"] or "").strip(), said["named"] or said["bare"]) if said else ("", "")
    if not is_address(address) or not address.rpartition("@")[0].isascii():
        raise ValueError(f"{mail_from!r} is not `address` or `Name <address>`, with ASCII before the @")
    return Sender(display_name(name or own_name), with_ascii_domain(address))


def message_id(notification_id: str, sender: Sender) -> str:
    """Returns the Message-ID, the same for every try, so that a mail that comes twice is known to be one."""
    return f"<{notification_id}@{sender.domain}>"


def compose(message: Rendered, sender: Sender) -> bytes:
    """Returns the mail; nothing in it makes a header or a recipient of its own, whatever the message says."""
    subject = one_line(message.subject, SUBJECT)
    fields = [
        headers.tokens("Date", [format_datetime(message.date.astimezone(UTC))]),
        headers.mailbox("From", sender.name, sender.address),
        headers.mailbox("To", display_name(message.name), with_ascii_domain(message.address)),
        headers.text("Subject", subject),
        headers.tokens("Message-ID", [message_id(message.id, sender)]),
        *_threaded(message, sender),
        *_automatic(message),
        *_about(message),
        *_ended_by_a_click(message),
    ]
    text = printable(cut(message.text, TEXT))
    return "".join(fields).encode() + parts.alternatives(("plain", text), ("html", message.html or as_html(subject, text)))


def _threaded(message: Rendered, sender: Sender) -> list[str]:
    earlier = [message_id(each, sender) for each in message.earlier]
    if not earlier:
        return []
    shown = earlier if len(earlier) <= THREAD else [earlier[0], *earlier[1 - THREAD :]]
    return [headers.tokens("In-Reply-To", earlier[-1:]), headers.tokens("References", shown)]


def _automatic(message: Rendered) -> list[str]:
    """Returns the header that asks for no vacation notes (RFC 3834, 5). What a person wrote has none: they may want to know."""
    if message.kind == Kind.REPLY:
        return []
    return [headers.tokens("Auto-Submitted", ["auto-replied" if message.ticket_id else "auto-generated"])]


def _about(message: Rendered) -> list[str]:
    named = {"Kind": message.kind, "Incident": message.incident_id, "Ticket": message.ticket_id}
    return [headers.text(f"X-Forewarn-{name}", one_line(value, OTHER)) for name, value in named.items() if value]


def _ended_by_a_click(message: Rendered) -> list[str]:
    """Returns the headers of one-click unsubscribe (RFC 8058). A link that is too long for a header still stands in the text."""
    name, link = "List-Unsubscribe", f"<{message.unsubscribe}>"
    if message.unsubscribe is None or not headers.fits(name, link):
        return []
    return [headers.tokens(name, [link]), headers.tokens("List-Unsubscribe-Post", ["List-Unsubscribe=One-Click"])]


def display_name(name: str) -> str:
    """Returns how somebody is called: on one line, not too long, with single spaces between the words, as mail programs show it."""
    return " ".join(one_line(name, NAME).split())


def printable(text: str) -> str:
    """Returns the text with its lines, without other control characters."""
    return _encodable(_control_but_newline("", text.replace("\r\n", "\n").replace("\r", "\n")))


def as_html(title: str, text: str) -> str:
    """Returns the text as HTML: paragraphs where it has empty lines; all of it escaped; web addresses as links."""
    paragraphs = (f"<p>{_linked(each.strip())}</p>" for each in text.split("\n\n") if each.strip())
    return PAGE.format(title=html.escape(title), paragraphs="\n".join(paragraphs))


def _linked(text: str) -> str:
    if "://" not in text:
        return html.escape(text).replace("\n", "<br>\n")
    shown, at = [], 0
    for found in _link.finditer(text):
        url = html.escape(found.group())
        shown += [html.escape(text[at : found.start()]), f'<a href="{url}">{url}</a>']
        at = found.end()
    return "".join([*shown, html.escape(text[at:])]).replace("\n", "<br>\n")


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
