"""Says why a secret is too weak: blank, short, widely known, equal to another, or not to be sent. No message ever shows the secret."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

SHORTEST = 16  # characters
FEWEST = 6  # different characters
LONGEST_FILE = 4096  # bytes
# Longer words come before those that they begin with.
KNOWN = re.compile(
    "admin|agent|bearer|changeit|changeme|change|console|customer|database|default|demo|dummy|example|fixme|forewarn|generate|grafana|"
    "insecure|insert|kafka|letmein|link|localhost|local|monitor|notifier|operator|password|passwd|pass|placeholder|please|postgresql|postgres|"
    "producer|qwerty|replace|root|sample|secret|signing|some|super|testing|test|ticketing|todo|token|unsafe|user|value|with|xxx|your|"
    "foo|here|key|me|my|none|the|this|to",
    re.IGNORECASE,
)
ROWS = ("0123456789" * 9, "0123456789abcdef" * 9, "abcdefghijklmnopqrstuvwxyz" * 3)


def weakness(value: str) -> str | None:
    """Returns why this is no secret; None when it is one."""
    if not value.strip():
        return "is not set"
    if value.startswith("/run/secrets/"):
        return "is the path of a file: give that in the variable whose name ends in _FILE"
    rest = KNOWN.sub("", value)
    if (len(rest) < SHORTEST and not any(map(str.isalpha, rest))) or any(value.lower() in row for row in ROWS):
        return "is a well-known default: it has nothing but words and figures that everybody tries"
    if len(value) < SHORTEST:
        return f"is too short: it has fewer than {SHORTEST} characters"
    if len(set(value)) < FEWEST:
        return f"can be guessed: it has fewer than {FEWEST} different characters"
    return None


def sendable(token: str) -> bool:
    """Returns True when the token can be in a header as it is: printable ASCII without spaces (RFC 6750 section 2.1 allows less)."""
    return token.isascii() and token.isprintable() and " " not in token


def troubles(secrets: Mapping[str, str], required: frozenset[str]) -> Iterator[str]:
    """Yields one sentence for each thing that is wrong with the secrets of one process, by the names of their variables."""
    for variable, value in secrets.items():
        if variable in required and (why := weakness(value)):
            yield f"{variable} {why}; set it, or {variable}_FILE"
        elif variable.endswith("_TOKEN") and not sendable(value):
            yield f"{variable} cannot be sent in a header: it has spaces, control characters or letters beyond ASCII"
    for (one, value), (other, same) in combinations(secrets.items(), 2):
        if value and value == same:
            yield f"{one} and {other} are equal: whoever is given one has both"


def read_file(variable: str, path: str) -> str:
    """Returns the content of the file at the `path` that `variable` holds, without the line's end.

    Raises ValueError, which shows nothing of the content.
    """
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise ValueError(f"{variable}: {_shown(path)} cannot be read: {error.strerror}") from None
    if len(raw) > LONGEST_FILE:
        raise ValueError(f"{variable}: {_shown(path)} has more than {LONGEST_FILE:,} bytes: no secret is so long")
    try:
        return raw.decode().strip()
    except UnicodeDecodeError:
        raise ValueError(f"{variable}: {_shown(path)} is not UTF-8") from None


def _shown(path: str) -> str:
    """Returns the path, unless it may be the secret itself, given in the wrong variable."""
    folder = Path(path).parent
    is_one = folder.is_absolute() and folder != Path("/") and folder.is_dir()
    return repr(path) if is_one else "what it holds (not shown: no path in a folder that is there)"
