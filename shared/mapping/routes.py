"""Names the part of the product that a request's path belongs to: by a mapping's routes, and never by an id in the path. Pure."""

import re
from collections.abc import Mapping, Sequence

OTHER = "other"
WORDS = 50  # first parts that may be names without a route: as many as a file shows first, so that random paths do not become names

_path = re.compile(r"[^?#]*").match
_plain_word = re.compile(r"[a-z]+(?:[_-][a-z]+)*").fullmatch
_LONGEST_WORD = 24

Parts = Sequence[str]


def parts_of(path: str) -> Parts:
    """Returns what stands between the slashes, without query, fragment and parameters (`;…`)."""
    found = _path(path)
    return [part.partition(";")[0] for part in (found[0] if found else "").split("/") if part]


class Routes:
    """Holds the routes of one mapping, and the words that became names beside them."""

    def __init__(self, routes: Mapping[str, str]) -> None:
        """Takes the routes as what a path begins with, in whole parts → its name.

        `*` is any one part; of several that fit the longest counts.
        """
        parsed = [(parts_of(route), name) for route, name in routes.items()]
        self._home = next((name for parts, name in parsed if not parts), None)
        self._routes = sorted(((parts, name) for parts, name in parsed if parts), key=lambda each: (-len(each[0]), each[0].count("*")))
        self._words: set[str] = set()

    def name(self, path: str) -> str | None:
        """Returns the name of a path's route, or its first part if that is a plain word, or `other`; None for what is no path."""
        if not path.startswith("/"):
            return None
        parts = parts_of(path)
        if not parts:
            return self._home or "home"
        found = next((name for route, name in self._routes if _begins(parts, route)), None)
        return found if found is not None else self._word(parts[0])

    def _word(self, part: str) -> str:
        if part not in self._words:
            if len(self._words) >= WORDS or len(part) > _LONGEST_WORD or not _plain_word(part):
                return OTHER
            self._words.add(part)
        return part


def _begins(parts: Parts, route: Parts) -> bool:
    return len(parts) >= len(route) and all(wanted in ("*", part) for part, wanted in zip(parts, route, strict=False))
