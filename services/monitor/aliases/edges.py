"""The edges that one process follows: those of the names whose home partition it has. Pure.

A name takes some 250 bytes. Of names above the limit those said longest ago are left out: events under them count for the name.
"""

from collections.abc import Callable, Iterable
from itertools import islice

MOST_STEPS = 5  # from a name to its customer; a way that changed hands could lead in a circle


class Edges:
    """Where each name leads, for a look-up that costs next to nothing."""

    def __init__(self, limit: int) -> None:
        """`limit`: how many names are remembered."""
        self.of: dict[str, str] = {}  # name → the next on the way to its customer
        self._changed_hands: dict[str, tuple[float, str]] = {}  # name → since when, and where it led before
        self._limit = limit

    def put(self, alias: str, leads_to: str, since: float, before: str) -> None:
        """Takes note of an edge, the latest to be said."""
        self.drop([alias])
        self.of[alias] = leads_to
        if since:
            self._changed_hands[alias] = since, before or alias
        if len(self.of) > self._limit:
            self.drop(list(islice(self.of, len(self.of) - self._limit)))

    def drop(self, aliases: Iterable[str]) -> None:
        """Forgets these names."""
        for alias in aliases:
            self.of.pop(alias, None)
            self._changed_hands.pop(alias, None)

    def next(self, name: str, at: float) -> str | None:
        """Returns where an event of that time goes that is said of this name; None: it stays. `at`: seconds since the epoch."""
        leads_to = self.of.get(name)
        if leads_to is not None and name in self._changed_hands:
            since, before = self._changed_hands[name]
            leads_to = before if at < since else leads_to
        return None if leads_to == name else leads_to

    def follow(self, name: str, at: float, counted: Callable[[str], bool]) -> str:
        """Returns whose an event of that time is. `counted`: says whether it came before and counted under a name, whose it then stays."""
        for _ in range(MOST_STEPS):
            leads_to = self.next(name, at)
            if leads_to is None or counted(name):
                break
            name = leads_to
        return name
