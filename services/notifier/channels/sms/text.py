"""The text of an SMS, and how many segments it is sent and billed as (3GPP TS 23.038 and 23.040). Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum

from gsm0338 import Codec

from services.notifier.channels.outcome import Rendered
from shared.events.lines import one_line

LONGEST = 480  # characters
GSM7, UCS2 = (160, 153), (70, 67)  # units of a text alone, and of each segment when it has several
NO_MORE = "Stop: "
# Typographic characters would make a text of 160 characters one of 70: these have a plain twin.
PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " ", "•": "-", "\t": " "})
_number = re.compile(r"\+[1-9]\d{6,14}", re.ASCII).fullmatch
_gsm7 = Codec().encode


class Alphabet(StrEnum):
    """How an SMS is coded: a closed list, also a metric's label."""

    GSM7 = "gsm7"  # seven bits a character, some characters two
    UCS2 = "ucs2"  # sixteen bits a character, those beyond the first plane two of them


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text is sent as."""

    alphabet: Alphabet
    count: int


def is_number(address: str) -> bool:
    """Says whether it is a telephone number in international form (E.164), as `+4915112345678`."""
    return _number(address) is not None


def text_of(message: Rendered) -> str:
    """Returns the text of an SMS: the notification's own when it is short enough, else its subject; and the link that ends such messages.

    A link for which there is no room is left out: a STOP in answer does the same.
    """
    link = message.unsubscribe
    stop = f"\n{NO_MORE}{link}" if link else ""
    own = message.text.strip()
    whole = plainly(own if link and link in own else own + stop)
    if len(whole) <= LONGEST:
        return whole
    if len(stop) > LONGEST // 2:
        stop = ""
    return plainly(one_line(plainly(message.subject), LONGEST - len(stop) - 2)) + stop  # 2: the sign of a cut has a longer twin


def plainly(text: str) -> str:
    """Returns the text with plain characters for typographic ones, when that makes it one for GSM-7; else as it is."""
    plain = text.translate(PLAIN)
    return plain if _septets(plain) is not None else text


def segments(text: str) -> Segments:
    """Counts the segments. No character is divided between two of them."""
    septets = _septets(text)
    if septets is not None:
        return Segments(Alphabet.GSM7, _count([len(_gsm7(each)[0]) for each in text], GSM7))
    return Segments(Alphabet.UCS2, _count([len(each.encode("utf-16-le")) // 2 for each in text], UCS2))


def _count(units: list[int], room: tuple[int, int]) -> int:
    alone, each = room
    if sum(units) <= alone:
        return 1
    count, free = 1, each
    for needed in units:
        if needed > free:
            count, free = count + 1, each
        free -= needed
    return count


def _septets(text: str) -> int | None:
    """Returns how many septets the text takes in GSM-7; None when it has a character that GSM-7 has not."""
    try:
        return len(_gsm7(text)[0])
    except UnicodeEncodeError:
        return None
