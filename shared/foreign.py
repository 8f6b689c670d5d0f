"""Decides which text of others a customer may read in a mail of ours: no link, no address, no sentence in place of a name. Pure.

Whoever sends events, describes customers or writes in must not speak to a customer in our name. Mail programs make links of
plain text (`www.…`, `shop.example`, `a@b`, telephone numbers), so what looks like one to any of them is left out as a whole.
"""

import re
import unicodedata

NAME = 60  # characters of a name in a greeting
WORDS = 6  # in a name; more are a sentence
PARTS = 3  # of an identifier, such as `eu-west-1`
DIGITS, DIGITS_IN_A_NAME = 6, 4  # more may be a telephone number
JOINERS = "\u200c\u200d"  # names of several scripts are written with them
BESIDE_LETTERS = frozenset(" .,'’&()·-‐‑" + JOINERS)

_link = re.compile(
    r"://|www\.|@|\\\\"
    r"|[^\W\d_]:(?=[^\s\d)])"  # a scheme: mailto:, tel:
    r"|[^\s.。][.。][^\W\d_]{2,}"  # a domain of any script
    r"|\d{1,3}(?:\.\d{1,3}){3}"
    r"|(?:\d[\s()./-]{0,3}){7}",  # a telephone number
    re.IGNORECASE,
).search
_identifier = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*").fullmatch
_full_stop = re.compile(r"(?<=[^\W\d_]{5})\.\s").search  # behind a whole word, where an abbreviation is shorter


def holds_link(text: str) -> bool:
    """Returns True when a mail program might make a link of something in it; look-alikes (full-width, invisible characters) count too."""
    plain = unicodedata.normalize("NFKD", text)
    return _link("".join(each for each in plain if unicodedata.category(each)[0] not in "CM")) is not None


def is_plain_word(text: str) -> bool:
    """Returns True when it can only be an identifier: ASCII letters and digits in at most three parts, at most 40 characters."""
    parts = text[:41].replace("_", "-").split("-")
    return len(text) <= 40 and _identifier(text) is not None and len(parts) <= PARTS and _digits(text) <= DIGITS


def is_name(text: str) -> bool:
    """Returns True when somebody may be called so: a few words of letters in any script, without what makes a sentence or an address."""
    if not text or len(text) > NAME or len(text.split()) > WORDS or _digits(text) > DIGITS_IN_A_NAME:
        return False
    if holds_link(text) or _full_stop(text):
        return False
    letters = (each for each in unicodedata.normalize("NFKC", text) if each not in BESIDE_LETTERS)
    return all(unicodedata.category(each)[0] in "LM" or each.isdecimal() for each in letters)


def _digits(text: str) -> int:
    return sum(each.isnumeric() for each in text)
