"""Time passed: the mailbox of bounces is read, and the sender's brake looks at what came back. One instance does each for all."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from services.notifier import metrics
from services.notifier.channels.email.bounces.mailbox import Mailbox, MailboxError
from services.notifier.channels.email.bounces.matching import Matching
from services.notifier.hearing.returned import CHANNEL, count, on_mail
from services.notifier.returning.brake import Cause, Counts, Level, SenderBrake, judged
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
    """The work that is due every minute: it judges what came back of the channel, and pauses it."""

    database: Database
    brake: SenderBrake

    async def schedule(self) -> None:
        async with self.database.transaction() as tx:
            await schedule(tx, WATCH, {"": await tx.fetchval("SELECT clock()")})

    async def __call__(self, due: Due) -> None:
        async with self.database.transaction() as tx:
            counted = await returned.counts(tx, CHANNEL, self.brake)
            found = judged(counted, self.brake)
            paused = await returned.judge(tx, CHANNEL, found, counted)
            await due.again(tx, due.now + EVERY)
        if paused:
            log.warning("%s pauses but for what is critical or asked for: of %d sent, %s", CHANNEL, counted.sent, _said(counted))


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


def figures(database: Database) -> Figures:
    """Returns what measures how it stands with the channel, in every instance, whichever judged it."""
    rates = {cause: metrics.CHANNEL_RATE.labels(CHANNEL, cause) for cause in Cause}
    warned = {cause: metrics.CHANNEL_WARNED.labels(CHANNEL, cause) for cause in Cause}
    paused = metrics.CHANNEL_PAUSED.labels(CHANNEL)

    async def ask() -> None:
        async with database.connection() as connection:
            row = next((each for each in await returned.brakes(connection) if each["channel"] == CHANNEL), None)
        counted = returned.counts_in(row) if row else Counts(0, 0, 0)
        level = row["level"] if row else Level.OK
        paused.set(level == Level.PAUSE)
        for cause in Cause:
            rates[cause].set(counted.share(cause))
            warned[cause].set(level != Level.OK and row is not None and row["cause"] == cause)

    return Figures("channels", ask, [*rates.values(), *warned.values(), paused])
