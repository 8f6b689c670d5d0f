"""Time passed: the mailbox where bounces arrive is read, by one instance for all."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from services.notifier import metrics
from services.notifier.channels.email.bounces.mailbox import Mailbox, MailboxError
from services.notifier.channels.email.bounces.matching import Matching
from services.notifier.hearing.returned import count, on_mail
from services.notifier.store.returned import READ
from shared.postgres import Database
from shared.timers import Due, schedule

log = logging.getLogger(__name__)

READ_EVERY = timedelta(seconds=20)
READ_AGAIN = timedelta(seconds=30)  # after the mailbox could not be read
READ_LEASE = timedelta(minutes=5)
AT_ONCE = 200  # mails of one look, so that its lease holds


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
            metrics.BOUNCE_MAILBOX_FAILED_AT.set(due.now.timestamp())
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
