"""Asks every service how it is: at the same time, with little patience, and not again within two seconds."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.console.acting.acts import Owner
from services.console.acting.outcome import Done
from services.console.acting.owners import Owners

SERVICES = (Owner.MONITOR, Owner.NOTIFIER, Owner.TICKETING)
PATIENCE_S = 1.5
FRESH_S = 2.0
PATHS = ("/readyz", "/v1/streams", "/v1/due")
PERSON = "console"  # nobody in particular asks


@dataclass(frozen=True)
class Health:
    """Holds what one service says of itself; `trouble` is in words, and empty when all is well."""

    service: Owner
    trouble: str
    streams: list[Mapping[str, Any]]
    unpublished: list[Mapping[str, Any]]
    aside: list[Mapping[str, Any]]
    answers: bool


class Asking:
    """Keeps the latest answers; whoever asks while others wait gets the same."""

    def __init__(self, owners: Owners) -> None:
        self._owners, self._at = owners, float("-inf")
        self._latest: asyncio.Task[list[Health]] | None = None

    async def all(self) -> list[Health]:
        """Returns what each service says."""
        if self._latest is None or (self._latest.done() and time.monotonic() - self._at > FRESH_S):
            self._at = time.monotonic()
            self._latest = asyncio.create_task(self._ask_all())
        return await asyncio.shield(self._latest)

    def forget(self) -> None:
        """Has the services asked anew, after an act."""
        self._latest = None

    async def _ask_all(self) -> list[Health]:
        return list(await asyncio.gather(*(self._ask(owner) for owner in SERVICES)))

    async def _ask(self, owner: Owner) -> Health:
        asked = (self._owners.ask(owner, "GET", path, person=PERSON, within=PATIENCE_S) for path in PATHS)
        ready, streams, due = await asyncio.gather(*asked)
        said = streams.answer if isinstance(streams, Done) else {}
        aside = due.answer.get("aside", []) if isinstance(due, Done) else []
        trouble = "" if isinstance(ready, Done) else "it is not ready"
        if not isinstance(streams, Done):
            trouble = streams.words
        return Health(owner, trouble, said.get("streams", []), said.get("unpublished", []), aside, isinstance(streams, Done))
