"""Time passed: a fact about an incident is taken, and what it changes for the customers follows, in pieces of 1,000.

When the incident is over, those who were told get the end, and what still waits is decided anew. While it goes on, what was
held or suppressed for what monitor said before is decided anew. A piece is one transaction and ends with the due row of the
next; a newer fact has rows of its own, so the pieces of an older one end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.notifier import store
from services.notifier.deciding.ends import owed_ends
from services.notifier.deciding.policy import Policy
from services.notifier.deciding.suppression import failing
from services.notifier.incident import Incident
from services.notifier.notification import Kind, Notification, Status
from services.notifier.store import Place
from shared.postgres import Database, Tx
from shared.timers import Due

PIECE = 1000  # notifications a transaction


@dataclass(frozen=True)
class FollowUp:
    """Looks through the customers of incidents."""

    database: Database
    policy: Policy
    at_most: int = PIECE

    async def follow_up(self, due: Due) -> None:
        """Work for `shared/timers.py`: one piece. The incident stays locked, so that no fact about it is taken meanwhile."""
        place = Place.of(due.ref)
        async with self.database.transaction() as tx:
            incident = await store.lock_incident(tx, place.incident_id)
            await due.settle(tx)
            if incident is None or incident.revision != place.revision:
                return
            theirs, rest = await store.of_incident(tx, place, self.at_most, awaiting=not incident.over)
            if incident.over:
                await _end(tx, incident, theirs)
            else:
                await self._go_on(tx, incident, theirs, due)
            if rest:
                await store.follow_up(tx, [rest])

    async def _go_on(self, tx: Tx, incident: Incident, theirs: Sequence[Notification], due: Due) -> None:
        if incident.behind > self.policy.hold_when_behind:
            return  # what is held stays held
        if failing(incident, self.policy, due.now):
            await store.true_anew(tx, [each.id for each in theirs if each.status is Status.SUPPRESSED])
        await store.hasten(tx, notifications=[each.id for each in theirs if each.status is Status.WAITING])


async def _end(tx: Tx, incident: Incident, theirs: Sequence[Notification]) -> None:
    await store.write_down(tx, owed_ends(incident, theirs))
    await tx.execute(store.queries.await_no_more, [each.id for each in theirs if each.awaits_incident])
    waiting = [each.id for each in theirs if each.kind is Kind.OPENED and each.status is Status.WAITING]
    await store.hasten(tx, notifications=waiting)
