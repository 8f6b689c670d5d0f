"""Time passed: the mailbox of bounces is read, and the sender's brake looks at what came back. One instance does each for all."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.notifier import metrics
from services.notifier.channels.email.bounces.mailbox import Mailbox, MailboxError
from services.notifier.channels.email.bounces.matching import Matching
from services.notifier.hearing.returned import count, on_mail
from services.notifier.sender_brake import Cause, Counts, Level, SenderBrake, judged
from services.notifier.store import returned
from services.notifier.store.returned import EVERY, READ, WATCH
from shared.observing.measuring import Figures
from shared.postgres import Database
from shared.timers import Due, schedule

log = logging.getLogger(__name__)

READ_EVERY = timedelta(seconds=20)
READ_AGAIN = timedelta(minutes=1)  # after the mailbox could not be read
READ_LEASE = timedelta(minutes=5)
AT_ONCE = 200  # mails of one look, so that its lease holds


@dataclass(frozen=True)
class WatchingChannels:
    """The work that is due every minute: it judges what came back of these channels, and pauses each by itself."""

    database: Database
    brake: SenderBrake
    channels: Sequence[str]

    async def schedule(self) -> None:
        async with self.database.transaction() as tx:
            await schedule(tx, WATCH, {"": await tx.fetchval("SELECT clock()")})

    async def __call__(self, due: Due) -> None:
        paused: dict[str, Counts] = {}
        async with self.database.transaction() as tx:
            for channel in self.channels:
                counted = await returned.counts(tx, channel, self.brake)
                if await returned.judge(tx, channel, judged(counted, self.brake), counted):
                    paused[channel] = counted
            await due.again(tx, due.now + EVERY)
        for channel, counted in paused.items():
            log.warning("%s pauses but for what is critical or asked for: of %d sent, %s", channel, counted.sent, _said(counted))


def _said(counts: Counts) -> str:
    return f"{counts.bounced} bounced and {counts.complained} were called spam"


@dataclass(frozen=True)
class ReadingBounces:
    """The work that is due every 20 s: it takes the mails that came to the mailbox of bounces, each in a transaction of its own."""

    database: Database
    mailbox: Mailbox
    matching: Matching

    async def schedule(self) -> None:
        async with self.database.transaction() as tx:
            await schedule(tx, READ, {"": await tx.fetchval("SELECT clock()")})

    async def __call__(self, due: Due) -> None:
        """Reads the mailbox to its end, or for so many mails. A mail is marked as done after it was taken: a crash has it taken again,
        which changes nothing."""
        try:
            async with self.mailbox.opened() as box:
                for uid in (found := await box.unread())[:AT_ONCE]:
                    await self._take(await box.fetch(uid))
                    await box.done(uid)
        except MailboxError as error:
            log.warning("the mailbox of bounces cannot be read: %s", error)
            await self._again(due, READ_AGAIN)
            return
        if len(found) <= AT_ONCE:
            metrics.BOUNCE_MAILBOX_READ_AT.set(due.now.timestamp())
        await self._again(due, READ_EVERY if len(found) <= AT_ONCE else timedelta())

    async def _take(self, raw: bytes) -> None:
        async with self.database.transaction() as tx:
            taken = await on_mail(tx, self.matching, raw)
        count(taken)

    async def _again(self, due: Due, after: timedelta) -> None:
        async with self.database.transaction() as tx:
            await due.again(tx, due.now + after)


def figures(database: Database, channels: Sequence[str]) -> Figures:
    """Returns what measures how it stands with these channels, in every instance, whichever judged them."""
    pairs = [(channel, cause) for channel in channels for cause in Cause]
    rates = {pair: metrics.CHANNEL_RATE.labels(*pair) for pair in pairs}
    warned = {pair: metrics.CHANNEL_WARNED.labels(*pair) for pair in pairs}
    paused = {channel: metrics.CHANNEL_PAUSED.labels(channel) for channel in channels}

    async def ask() -> None:
        async with database.connection() as connection:
            rows = {row["channel"]: row for row in await returned.brakes(connection)}
        for channel, gauge in paused.items():
            gauge.set(channel in rows and rows[channel]["level"] == Level.PAUSE)
        for channel, cause in pairs:
            row = rows.get(channel)
            rates[channel, cause].set(returned.counts_in(row).share(cause) if row else 0)
            warned[channel, cause].set(row is not None and row["level"] != Level.OK and row["cause"] == cause)

    return Figures("channels", ask, [*rates.values(), *warned.values(), *paused.values()])
