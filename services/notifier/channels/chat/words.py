"""Fits the words of a notification into what chat providers take: pieces of a bounded size, with links told apart from text. Pure."""

import re
from collections.abc import Callable, Iterator

from services.notifier.channels.outcome import Rendered

SIGNATURE = "\n-- \n"  # of mails, before a footer
CUT = "…"
_words = re.compile(r"\S*\s?").findall
_links = re.compile(r"(https?://[^\s<>\"|\\^`{}]*[^\s<>\"|\\^`{}.,;:!?)\]'])")


def body_of(message: Rendered) -> str:
    """Returns the text without a mail's signature line; the link that ends such messages stands in it, if there is one."""
    text = message.text.replace(SIGNATURE, "\n").strip()
    link = message.unsubscribe
    return text if link is None or link in text else f"{text}\n\n{link}".strip()


def shown(text: str, plain: Callable[[str], str], link: Callable[[str], str]) -> str:
    """Returns the text with what is no link written by `plain`, and each link by `link`."""
    return "".join(link(part) if place % 2 else plain(part) for place, part in enumerate(_links.split(text)))


def pieces(text: str, most: int, size: Callable[[str], int]) -> Iterator[str]:
    """Cuts the text between lines into pieces of at most so much; a longer line is cut between words, and a longer word anywhere."""
    held = ""
    for part in _words(text):
        if held and size(held + part) > most:
            at = held.rfind("\n") + 1 or len(held)
            yield held[:at].strip("\n")
            held = held[at:]
        held += part
        while size(held) > most:
            first = _longest(held, most, size)
            yield held[:first]
            held = held[first:]
    if held.strip():
        yield held.strip("\n")


def cut(text: str, most: int, size: Callable[[str], int] = len) -> str:
    """Returns the text, or as much of it as fits with a sign that it was cut."""
    if size(text) <= most:
        return text
    return text[: _longest(text, most - size(CUT), size)].rstrip() + CUT


def _longest(text: str, most: int, size: Callable[[str], int]) -> int:
    """Returns how many characters of it fit, at least one."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(text[:middle]) <= most else (low, middle - 1)
    return low
