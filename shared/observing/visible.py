"""Makes text of others fit for a terminal or a log line: what cannot be seen in it is written as an escape."""

import re

# These letters and marks are Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt): `str.isprintable` lets them pass.
_ignored = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def visible(text: str, keep: str = "") -> str:
    r"""Returns the text with `\x1b`, `\u202e`, `\ud800` … for each character that shows nothing or moves what is shown, except in `keep`.

    That is every control, format (bidirectional overrides, zero width), surrogate, private and unassigned character, every
    separator but the space, and what Unicode calls ignorable.
    """
    if text.isprintable() and not _ignored.search(text):
        return text
    return "".join(each if each in keep or _is_seen(each) else each.encode("unicode_escape").decode() for each in text)


def _is_seen(character: str) -> bool:
    return character.isprintable() and not _ignored.match(character)
