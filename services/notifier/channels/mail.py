"""How a message looks as a mail: headers that thread and that end it with one click; text, and the same as HTML. Pure."""

import html
import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy

from services.notifier.audience import is_address, to_ascii
from services.notifier.channels.outcome import Message

# One line a header however long: folding would put a link or a Message-ID into encoded words.
UNFOLDED = EmailPolicy(linesep="\r\n", max_line_length=998, cte_type="7bit")
UTF8 = EmailPolicy(linesep="\r\n", max_line_length=998, cte_type="7bit", utf8=True)  # RFC 6531
_control = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+").sub
_control_but_newline = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]").sub
_sender = re.compile(r'"?(?P<name>[^<>"\x00-\x1f]*?)"?\s*<(?P<named>[^<>]+)>|(?P<bare>[^<>]+)').fullmatch
_link = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")

PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><title>{title}</title></head>
<body style="font:16px/1.5 sans-serif;color:#222;max-width:36em;margin:2em auto;padding:0 1em">
{paragraphs}
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mails come from."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def sender_of(mail_from: str, name: str = "") -> Sender:
    """The sender that `mail_from` (`address` or `Name <address>`) names; `name` counts before its own. Raises ValueError for no address."""
    said = _sender(mail_from)
    own_name, address = (said["name"] or "", said["named"] or said["bare"]) if said else ("", "")
    if not is_address(address):
        raise ValueError(f"{mail_from!r} is not `address` or `Name <address>`")
    local, _, domain = address.rpartition("@")
    return Sender(one_line(name or own_name), f"{local}@{to_ascii(domain)}")


def message_id(notification_id: str, sender: Sender) -> str:
    """The same for every try, so that a mail that comes twice is known to be one."""
    return f"<{notification_id}@{sender.domain}>"


def compose(message: Message, sender: Sender) -> EmailMessage:
    """The mail; nothing in it makes a header or a recipient of its own, whatever the message says."""
    mail = EmailMessage(UNFOLDED)
    mail["From"] = Address(sender.name, addr_spec=sender.address)
    mail["To"] = Address(one_line(message.name), *_parts(message.address))
    mail["Subject"] = one_line(message.subject)[:250]
    mail["Message-ID"] = message_id(message.id, sender)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notes, please
    mail["X-Forewarn-Kind"] = one_line(message.kind)
    for header, value in (("X-Forewarn-Incident", message.incident_id), ("X-Forewarn-Ticket", message.ticket_id)):
        if value:
            mail[header] = one_line(value)
    if message.earlier:
        mail["In-Reply-To"] = message_id(message.earlier[-1], sender)
        mail["References"] = " ".join(message_id(each, sender) for each in message.earlier)
    if message.unsubscribe:
        mail["List-Unsubscribe"] = f"<{message.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    text = printable(message.text)
    mail.set_content(text)
    mail.add_alternative(as_html(one_line(message.subject), text), subtype="html")
    return mail


def one_line(text: str) -> str:
    """The text without anything that could end a header line or cannot be written as UTF-8.

    Nor does it begin an encoded word (RFC 2047): Python decodes those when a header is set, and writes the line ends in them as such.
    """
    return _encodable(_control(" ", text)).replace("=?", "= ?").strip()


def printable(text: str) -> str:
    """The text with its lines, without other control characters."""
    return _encodable(_control_but_newline("", text.replace("\r\n", "\n").replace("\r", "\n")))


def as_html(title: str, text: str) -> str:
    """Paragraphs where the text has empty lines; all of it escaped; web addresses as links."""
    paragraphs = (f"<p>{_linked(each.strip())}</p>" for each in text.split("\n\n") if each.strip())
    return PAGE.format(title=html.escape(title), paragraphs="\n".join(paragraphs))


def _linked(text: str) -> str:
    shown, at = [], 0
    for found in _link.finditer(text):
        url = html.escape(found.group())
        shown += [html.escape(text[at : found.start()]), f'<a href="{url}">{url}</a>']
        at = found.end()
    return "".join([*shown, html.escape(text[at:])]).replace("\n", "<br>\n")


def _parts(address: str) -> tuple[str, str]:
    local, _, domain = address.rpartition("@")
    return local, to_ascii(domain)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
