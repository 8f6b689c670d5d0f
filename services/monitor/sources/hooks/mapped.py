"""Reads webhooks of any form by the mapping that their hook writes out, in the language of a source. Pure.

`hook.name` and `hook.digest` begin what every request has beside its body, `header.` a header, and `each` is the entry of the list,
where the hook names one.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.monitor.sources.hooks.bodies import follow
from services.monitor.sources.hooks.model import Hook
from services.monitor.sources.hooks.said import Kind, Said
from services.monitor.sources.hooks.signatures import Check, Headers, by_bearer, by_signature
from shared.cloudevents import Reason, Undecodable
from shared.mapping.turning import Turning

ENTRIES = 1_000  # of one request's list
HOOK, HEADER, EACH = "hook.", "header.", "each."


@dataclass(frozen=True, slots=True)
class Row:
    """Is one thing that a request says: all of it, or one entry of its list."""

    said: Any
    headers: Headers
    digest: str
    now: datetime
    entry: Any = None
    number: int = 0


class Mapped:
    """Makes events of the requests of one hook."""

    def __init__(self, hook: Hook) -> None:
        self._name = hook.name
        self._list = follow(hook.each) if hook.each else None
        self._turning = Turning(hook.time or (lambda row: row.now), hook.events, hook.place, self._reads)

    def __call__(self, said: Any, headers: Headers, body: bytes, now: datetime) -> Said:
        row = Row(said, headers, hashlib.sha256(body).hexdigest(), now)
        return Said([made for each in self._rows(row) for made in self._turning.turn(each, now)])

    def _rows(self, row: Row) -> Iterator[Row]:
        if self._list is None:
            yield row
            return
        entries = self._list(row.said)
        if not isinstance(entries, list):
            return
        if len(entries) > ENTRIES:
            raise Undecodable(Reason.TOO_LARGE, f"{len(entries)} entries: {ENTRIES} at most")
        for number, entry in enumerate(entries):
            yield Row(row.said, row.headers, row.digest, row.now, entry, number)

    def _reads(self, name: str) -> Callable[[Row], Any]:
        """Returns what reads a name of a row."""
        if name.startswith(HOOK):
            own = {"hook.name": lambda _: self._name, "hook.digest": lambda row: row.digest, "hook.entry": lambda row: str(row.number)}
            return own.get(name, lambda _: None)
        if name.startswith(HEADER):
            return lambda row: row.headers.get(name.removeprefix(HEADER).lower())
        if self._list is not None and name == "each":
            return lambda row: row.entry
        if self._list is not None and name.startswith(EACH):
            of_entry = follow(name.removeprefix(EACH))
            return lambda row: of_entry(row.entry)
        of_body = follow(name)
        return lambda row: of_body(row.said)


def check(hook: Hook) -> Check:
    """Makes a check of the header that the hook describes, else of a bearer token."""
    return by_signature(hook.signature) if hook.signature else by_bearer


KIND = Kind(check, Mapped)
