"""The subjects of mails on a ticket have one line, one `Re:` and one `[#number]`. Pure."""

import re

from shared.events.lines import cut
from shared.foreign import holds_link

SHOWN = 150  # characters of a customer's subject, so that what stands around it is not cut

# Mail programs of several languages put these marks before a subject when somebody answers or forwards, and repeat them.
REPLY = re.compile(r"^\s*(?:(?:re|aw|antw(?:ort)?|sv|rv|tr|fwd?|wg)(?:\[\d+\]|\s*\(\d+\))?\s*:\s*|\[#\d+\]\s*)+", re.IGNORECASE)
NUMBER = re.compile(r"(?<!\s)\s*\[#\d+\]")


def one_line(text: str) -> str:
    """Returns the text without line breaks and with single spaces, as the subject of a mail must be."""
    return " ".join(text.split())


def bare(subject: str) -> str:
    """Returns the customer's subject without the marks of earlier replies and ticket numbers.

    A request may be written in anybody's name: a subject that holds a link is not repeated to the customer.
    """
    said = cut(REPLY.sub("", NUMBER.sub("", one_line(subject))).strip(), SHOWN)
    return "your request" if not said or holds_link(said) else said


def is_reply(subject: str) -> bool:
    """Says whether the subject's words are those of what it replies to."""
    return REPLY.match(subject) is not None


def reply_to(subject: str, number: int) -> str:
    """Returns the subject of a person's reply on a ticket."""
    return f"Re: {bare(subject)} [#{number}]"
