"""Is one open page as the hub sees it: what it shows, and what of that has changed since it was last told."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID, uuid4

TICKET = "ticket:"


@dataclass(eq=False)
class Stream:
    """Is the event stream of one visible tab."""

    keys: frozenset[str]
    person: str
    session: bytes
    last: int  # the id of the latest change that its page knows of
    id: UUID = field(default_factory=uuid4)
    changed: set[str] = field(default_factory=set)
    anew: bool = False  # it has missed more than is remembered
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def owner(self) -> tuple[bytes, str]:
        return self.session, self.person

    @property
    def tickets(self) -> list[str]:
        """Returns the ids of the tickets that the page shows: whoever looks at it is a viewer of theirs."""
        return sorted(key.removeprefix(TICKET) for key in self.keys if key.startswith(TICKET))

    def hear(self, keys: Collection[str], last: int) -> None:
        """Takes what has changed up to the change with the id `last`."""
        self.changed.update(self.keys.intersection(keys))
        self.last = max(self.last, last)
        if self.changed:
            self.woken.set()

    def draw_anew(self, last: int) -> None:
        """Makes the page draw all that it shows, since what it has missed is not known."""
        self.anew, self.last = True, last
        self.woken.set()

    def take(self) -> list[str] | None:
        """Returns the changed keys since the last call, in order; None when everything is to be drawn anew."""
        told = None if self.anew else sorted(self.changed)
        self.anew, self.changed = False, set()
        return told

    def end(self) -> None:
        self.ended.set()
        self.woken.set()
