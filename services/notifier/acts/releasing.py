"""What was held for people is decided anew when they allow it, a thousand at a time: nothing else that waits is touched."""

from dataclasses import dataclass

from services.notifier.store import deliveries, releases
from services.notifier.store.releases import Released
from shared.postgres import Database
from shared.timers import Due

PIECE = 1000  # notifications a transaction


@dataclass(frozen=True)
class Releasing:
    """Makes due what is released, a piece at a time."""

    database: Database
    at_most: int = PIECE

    async def release(self, due: Due) -> None:
        """Does one piece, which ends with the due row of the next (it is work for `shared/timers.py`)."""
        async with self.database.transaction() as tx:
            ids, rest = await releases.piece_of(tx, Released.of(due.ref), self.at_most)
            await deliveries.hasten(tx, notifications=ids)
            await due.settle(tx)
            if rest is not None:
                await releases.release(tx, rest)
