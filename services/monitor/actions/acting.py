"""Does the due work of a risk's action, once: asks others by a fact, or calls a webhook until it takes the call.

What is asked is written down in the transaction that ends the due row. A webhook is called between two transactions: a process that
dies meanwhile calls it again, with the same id.
"""

import logging
from datetime import datetime, timedelta

from services.monitor import facts, metrics
from services.monitor.actions.deciding import Ask, Call, Wait, Withhold, decide, next_call
from services.monitor.actions.webhooks import WITHIN, Caller, Refused, Taken
from services.monitor.risk.life import ActionStatus, RiskRow
from services.monitor.store.renewals import judge
from services.monitor.store.risks import queries, risk
from shared.outbox import say
from shared.postgres import Database, Tx
from shared.timers import Due

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=3 * WITHIN)  # a call ends well before it


class Acting:
    """Does what rules ask for about risks."""

    def __init__(self, database: Database, caller: Caller) -> None:
        self._database, self._caller = database, caller

        metrics.RISK_ACTIONS.labels("webhook", ActionStatus.FAILED)  # there from the start: its first rise is one that Prometheus sees

    async def __call__(self, due: Due) -> None:
        called = await self._begin(due)
        if called is not None:
            name, row = called
            await self._finish(due, name, await self._caller.call(name, row, due.now))

    async def _begin(self, due: Due) -> tuple[str, RiskRow] | None:
        """Decides; returns which webhook is called, and about what."""
        async with self._database.transaction() as tx:
            row = await risk(tx, queries.risk_held, due.ref)
            if row is None:  # its customer was erased
                await due.settle(tx)
                return None
            now, read_to = await tx.fetchval("SELECT clock()"), await tx.fetchval(queries.risks_read_to)
            match decide(row, now, read_to):
                case Call(name):
                    await due.renew(tx, LEASE)
                    begun = await risk(tx, queries.begin_calling, row.id)
                    return None if begun is None else (name, begun)
                case Ask():
                    await _end(tx, due, row, ActionStatus.ASKED, "", now)
                case Withhold(why):
                    await _end(tx, due, row, ActionStatus.WITHHELD, why, now)
                case Wait(until):
                    await due.again(tx, until)
        return None

    async def _finish(self, due: Due, name: str, outcome: Taken | Refused) -> None:
        """Writes down what a call came to."""
        async with self._database.transaction() as tx:
            row = await risk(tx, queries.risk_held, due.ref)
            now: datetime = await tx.fetchval("SELECT clock()")
            if row is None:
                await due.settle(tx)
                return
            match outcome:
                case Taken(answer, settled):
                    await _end(tx, due, row, ActionStatus.ANSWERED, answer, now)
                    if settled:
                        await _settle(tx, row.id, name)
                case Refused(why):
                    await self._refused(tx, due, row, why, now)

    async def _refused(self, tx: Tx, due: Due, row: RiskRow, why: str, now: datetime) -> None:
        again = next_call(row.id, row.action_tries, now)
        if again is None:
            log.error("the webhook for risks by %s is given up after %d calls: %s", row.rule, row.action_tries, why)
            await _end(tx, due, row, ActionStatus.FAILED, why, now)
        else:
            await tx.execute(queries.not_taken, row.id, why)
            await due.again(tx, again)


async def _end(tx: Tx, due: Due, row: RiskRow, status: ActionStatus, answer: str, now: datetime) -> None:
    """Writes down what became of the action, for good, and says it; that nothing was done is not said."""
    await due.settle(tx)
    if row.action is None or row.action_status != ActionStatus.WAITING:
        return
    after = await risk(tx, queries.acted, row.id, status, answer)
    metrics.RISK_ACTIONS.labels(row.action["kind"], status).inc()
    if after is not None and status is not ActionStatus.WITHHELD:
        await say(tx, facts.acted(after, now))


async def _settle(tx: Tx, risk_id: str, name: str) -> None:
    """Clears the risk since the webhook says that the trouble is over; one that was cleared meanwhile stays as it is."""
    row = await risk(tx, queries.settle_risk, risk_id, name)
    if row is not None and row.cleared_at is not None:
        await say(tx, facts.cleared(row, row.cleared_at))
        metrics.RISKS_CLEARED.labels(row.rule, row.reason).inc()
        await judge(tx, [row.id], row.cleared_at)
