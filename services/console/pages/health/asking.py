"""Asks the three services how they are: at the same time, with little patience, and not again within two seconds."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.console.acting.acts import Owner
from services.console.acting.outcome import Done
from services.console.acting.owners import Owners
from shared.postgres import Database
from shared.routes.due import due_of
from shared.routes.streams import streams_of
from shared.stream import Stream

SERVICES = (Owner.MONITOR, Owner.NOTIFIER, Owner.TICKETING)
PATIENCE_S = 1.5
FRESH_S = 2.0
PATHS = ("/readyz", "/v1/streams", "/v1/due")
PERSON = "console"  # in whose name they are asked, since the answer is for whoever looks


@dataclass(frozen=True)
class Health:
    """Holds what one service says of itself; `trouble` is in words, and empty when all is well."""

    service: Owner
    trouble: str
    streams: Sequence[Mapping[str, Any]] = ()
    unpublished: Sequence[Mapping[str, Any]] = ()
    aside: Sequence[Mapping[str, Any]] = ()
    late: Sequence[Mapping[str, Any]] = ()


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
        if not isinstance(streams, Done):
            return Health(owner, _in_short(streams.words, owner))
        said, work = streams.answer, due.answer if isinstance(due, Done) else {}
        trouble = "" if isinstance(ready, Done) else "it is not ready"
        return Health(
            owner,
            trouble,
            _listed(said, "streams"),
            _listed(said, "unpublished"),
            _listed(work, "aside"),
            [row | {"since": datetime.fromisoformat(row["since"])} for row in _listed(work, "late")],
        )


async def own(database: Database, streams: Sequence[Stream]) -> Health:
    """Returns the same of the console: of the process that answers, which needs to ask nobody."""
    read, due = await streams_of(database, Owner.CONSOLE, streams), await due_of(database, Owner.CONSOLE)
    stopped = [each.topic for each in read.streams if each.trouble or each.brakes]
    said, work = read.model_dump(), due.model_dump()
    trouble = f"does not read {', '.join(stopped)}" if stopped else ""
    return Health(Owner.CONSOLE, trouble, said["streams"], said["unpublished"], work["aside"], work["late"])


def _in_short(words: str, owner: Owner) -> str:
    """Returns the trouble alone, of words that go on with what it means for a form."""
    return words.partition(", so ")[0].removeprefix(f"{owner} ")


def _listed(said: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = said.get(name)
    return found if isinstance(found, list) else []
