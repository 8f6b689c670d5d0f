"""Who is to hear of maintenance is looked for in pieces: its audience in the directory, and those who were told of it, 1,000 at a time.

A piece is one transaction and ends with the due row of the next. A newer fact has due rows of its own, and the pieces of an older one
end there.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from services.notifier.deciding.periods import notices, owed_notices
from services.notifier.deciding.policy import Policy
from services.notifier.maintenance import Period, whom
from services.notifier.notification import Notification
from services.notifier.store import directory, ledger, maintenance
from services.notifier.store.maintenance import Walk
from shared.erasing import hold
from shared.postgres import Database, Tx
from shared.timers import Due

PIECE = 1000  # customers or notifications a transaction


@dataclass(frozen=True)
class Announcing:
    """Writes down who is to hear what of maintenance, a piece at a time."""

    database: Database
    policy: Policy
    at_most: int = PIECE

    async def announce(self, due: Due) -> None:
        """Does one piece (it is work for `shared/timers.py`). The period stays locked, so that no fact about it is taken meanwhile."""
        at = Walk.of(due.ref)
        async with self.database.transaction() as tx:
            await hold(tx)  # nobody is erased between what is read of them and what is written down
            period = await maintenance.lock(tx, at.period)
            await due.settle(tx)
            if period is None or not at.is_left(period):
                return
            rest = await self._told(tx, period, at) if at.told else await self._audience(tx, period, at, due.now)
            if rest is not None:
                await maintenance.walk(tx, [rest])

    async def _audience(self, tx: Tx, period: Period, at: Walk, now: datetime) -> Walk | None:
        """Tells the next of the directory for whom it is; nobody of what is over, or was said too long ago."""
        if period.ends_at <= now or now - period.news_at > self.policy.max_event_age:
            return None
        page = await directory.page_of_attributes(tx, at.after, self.at_most)
        is_of = whom(period)
        await ledger.write_down(tx, notices(period, [row["id"] for row in page if is_of(dict(row))]))
        return replace(at, after=page[-1]["id"]) if len(page) == self.at_most else None

    async def _told(self, tx: Tx, period: Period, at: Walk) -> Walk | None:
        """Tells those who were told of it before."""
        theirs, rest = await maintenance.told(tx, at, self.at_most)
        await ledger.write_down(tx, owed_notices(period, theirs))
        return rest


async def give_notices(tx: Tx, notifications: Iterable[Notification]) -> None:
    """Writes down what became of maintenance for customers who were being told meanwhile. The lock lets it change before or after us."""
    customers: dict[str, set[str]] = defaultdict(set)
    for each in notifications:
        if each.period is not None:
            customers[each.period].add(each.customer_id)
    for period_id in sorted(customers):
        period = await maintenance.lock(tx, period_id)
        if period is not None:
            await ledger.write_down(tx, owed_notices(period, await maintenance.of_customers(tx, period_id, customers[period_id])))
