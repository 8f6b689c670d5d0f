"""Time passed: what became of what each channel was given is counted, and the sender's brake looks at what came back. One instance does
each for all."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from services.notifier import metrics
from services.notifier.returning.brake import COUNTED, Counts, Level, SenderBrake, judged
from services.notifier.store import outcomes, returned
from services.notifier.store.returned import EVERY, WATCH
from shared.observing.measuring import Figures
from shared.postgres import Database, Tx
from shared.timers import Due, schedule

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WatchingChannels:
    """The work that is due every minute: it counts what became of things, judges what came back of each channel, and pauses it."""

    database: Database
    brake: SenderBrake
    channels: Sequence[str]

    async def schedule(self) -> None:
        async with self.database.transaction() as tx:
            await schedule(tx, WATCH, {"": await tx.fetchval("SELECT clock()")})

    async def __call__(self, due: Due) -> None:
        while not await self._count():
            pass  # after a pause of hours each hour is a transaction of its own
        async with self.database.transaction() as tx:
            paused = [(channel, counted) for channel in self.channels if (counted := await self._paused(tx, channel))]
            await due.again(tx, due.now + EVERY)
        for channel, counted in paused:
            log.warning("%s pauses but for what is critical or asked for: of %d sent, %s", channel, counted.sent, _said(counted))

    async def _count(self) -> bool:
        async with self.database.transaction() as tx:
            return await outcomes.count(tx)

    async def _paused(self, tx: Tx, channel: str) -> Counts | None:
        """Judges a channel; returns the counts if they have it pause now."""
        counted = await returned.counts(tx, channel, self.brake)
        return counted if await returned.judge(tx, channel, judged(counted, self.brake), counted) else None


def _said(counts: Counts) -> str:
    return f"{counts.bounced} bounced and {counts.complained} were called spam"


def figures(database: Database, channels: Sequence[str]) -> Figures:
    """Returns what measures how it stands with these channels, in every instance, whichever judged them."""
    each_cause = [(channel, cause) for channel in channels for cause in COUNTED]
    rates = {at: metrics.CHANNEL_RATE.labels(*at) for at in each_cause}
    warned = {at: metrics.CHANNEL_WARNED.labels(*at) for at in each_cause}
    paused = {channel: metrics.CHANNEL_PAUSED.labels(channel) for channel in channels}

    async def ask() -> None:
        async with database.connection() as connection:
            rows = {row["channel"]: row for row in await returned.brakes(connection)}
        for channel in channels:
            row = rows.get(channel)
            counted = returned.counts_in(row) if row else Counts(0, 0, 0)
            level = row["level"] if row else Level.OK
            paused[channel].set(level == Level.PAUSE)
            for cause in COUNTED:
                rates[channel, cause].set(counted.share(cause))
                warned[channel, cause].set(level != Level.OK and row is not None and row["cause"] == cause)

    return Figures("channels", ask, [*rates.values(), *warned.values(), *paused.values()])
