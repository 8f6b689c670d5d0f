"""The queue of what is decided anew since people allow it now; its due rows say how far that has come."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from services.notifier.store import gates
from shared.postgres import Tx
from shared.timers import schedule

APPROVAL, QUIET = "approval", "quiet_until"  # what the figures of a decision have that holds for these
RELEASE = "release"  # due rows of what is released, a piece at a time
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Released:
    """What is released, and the place up to which it has been: at one gate, or everything that waits for a switch."""

    gate: str | None
    after: str = ""  # a notification's id …
    since: datetime = BEGINNING  # … and when it was written down, where it is everything
    held_for: str = APPROVAL  # at a gate

    @property
    def ref(self) -> str:
        more = [self.held_for] if self.held_for != APPROVAL else []  # older versions know no other
        return json.dumps([self.gate, self.after, self.since.isoformat(), *more])

    @classmethod
    def of(cls, ref: str) -> "Released":
        gate, after, since, *more = json.loads(ref)
        return cls(gate, after, datetime.fromisoformat(since), *more)


async def release(tx: Tx, what: Released) -> None:
    """Has it decided anew, a piece at a time, from there on."""
    await schedule(tx, RELEASE, {what.ref: await tx.fetchval("SELECT clock()")})


async def piece_of(tx: Tx, what: Released, at_most: int) -> tuple[Sequence[str], Released | None]:
    """Returns the ids of the next notifications that wait for it, and from where to go on; so many are looked through at most."""
    if what.gate is not None:
        rows = await tx.fetch(gates.queries.waiting_at_gate, what.gate, what.after, at_most, what.held_for)
        rest = replace(what, after=rows[-1]["id"]) if len(rows) == at_most else None
    else:
        rows = await tx.fetch(gates.queries.waiting_anywhere, what.since, what.after, at_most)
        rest = Released(None, rows[-1]["id"], rows[-1]["created_at"]) if len(rows) == at_most else None
    return [row["id"] for row in rows if row["held"]], rest
