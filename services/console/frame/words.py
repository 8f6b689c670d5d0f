"""Says moments, durations, numbers and states in words, and hides what is personal from those who may not see it. Pure."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
HIDDEN = "•••"
ABSENT = "–"
LOOKS_PERSONAL = re.compile(r"@|^\+?[\d\s()/.-]{7,}$")  # a mail address or a telephone number


def duration(given: timedelta | float | None) -> str:
    """Returns how long in its largest unit, and the next one while it is short: `45 s`, `4 min`, `1 h 20 min`, `3 d 4 h`."""
    if given is None:
        return ABSENT
    seconds = round(abs(given.total_seconds() if isinstance(given, timedelta) else given))
    for at, (size, unit) in enumerate(UNITS):
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            smaller, its_unit = UNITS[min(at + 1, len(UNITS) - 1)]
            more = f" {rest // smaller} {its_unit}" if size >= 3600 and whole < 10 and rest >= smaller else ""
            return f"{whole} {unit}{more}"
    return "0 s"


def ago(at: datetime | None, now: datetime) -> str:
    """Returns how long ago it was: `just now`, `4 min ago`; for a moment to come, `in 4 min`."""
    if at is None:
        return ABSENT
    seconds = (now - at).total_seconds()
    if -1 < seconds < 5:
        return "just now"
    return f"{duration(seconds)} ago" if seconds > 0 else f"in {duration(seconds)}"


def until(at: datetime | None, now: datetime) -> str:
    """Returns how long is left: `25 min left`, or `late by 3 min` once it has passed."""
    if at is None:
        return ABSENT
    seconds = (at - now).total_seconds()
    return f"{duration(seconds)} left" if seconds > 0 else f"late by {duration(seconds)}"


def exact(at: datetime | None) -> str:
    """Returns the moment to the second, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if at else ABSENT


def number(given: float | None, places: int = 0) -> str:
    """Returns a number with a thin space between thousands, and so many decimal places at most."""
    if given is None:
        return ABSENT
    written = f"{given:,.{places}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return written.rstrip("0").rstrip(".") if "." in written else written


def counted(many: int, one: str, more: str = "") -> str:
    """Returns a number and what it counts: `1 ticket`, `3 tickets`; `more` is the plural where it is not `one` and an s."""
    return f"{number(many)} {one if many == 1 else more or one + 's'}"


def plain(word: str | None) -> str:
    """Returns a state, a reason or a kind as a person would write it: `in_progress` is `in progress`."""
    return word.replace("_", " ").replace(".", " ") if word else ABSENT


def segment(part: object) -> str:
    """Returns a part of a path, or a value in a query, with every character quoted that could end it."""
    quoted = quote(str(part), safe="")
    return quoted.replace(".", "%2E") if quoted in {".", ".."} else quoted


def personal(text: object, sees: bool) -> str:
    """Returns the text to those who may see it, and dots to others; nothing stays nothing."""
    written = "" if text is None else str(text)
    return written if sees or not written else HIDDEN


def identity(id_: str, sees: bool) -> str:
    """Returns a customer's id; those who see nothing personal see no id that is a mail address or a telephone number."""
    return id_ if sees or not LOOKS_PERSONAL.search(id_) else HIDDEN
