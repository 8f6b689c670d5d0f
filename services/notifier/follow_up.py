"""After a fact about an incident was stored, a timer looks through the incident's customers for what it changes, 1,000 at a time.

When the incident is over, those who were told get the end, and what still waits is decided anew. While it goes on, what was held
or suppressed for what monitor said before is decided anew, and those who were told hear what is new. A piece is one transaction
and ends with the due row of the next. A newer fact has due rows of its own, and the pieces of an older one end there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.notifier.acts import remembering, updating
from services.notifier.deciding.ends import owed_ends
from services.notifier.deciding.policy import Policy
from services.notifier.deciding.rules.age import failing
from services.notifier.incident import Incident
from services.notifier.notification import AFTER_ALARM, Kind, Notification, Status
from services.notifier.store import deliveries, incidents, ledger, releases, ticket_links
from services.notifier.store.incidents import Place
from services.notifier.store.releases import QUIET, Released
from shared.erasing import hold
from shared.postgres import Database, Tx
from shared.timers import Due

PIECE = 1000  # notifications a transaction


@dataclass(frozen=True)
class FollowUp:
    """Looks through the customers of incidents, a piece at a time."""

    database: Database
    policy: Policy
    at_most: int = PIECE

    async def follow_up(self, due: Due) -> None:
        """Does one piece (it is work for `shared/timers.py`). The incident stays locked, so that no fact about it is taken meanwhile."""
        place = Place.of(due.ref)
        async with self.database.transaction() as tx:
            await hold(tx)  # nobody is erased between what is read of them and what is written down
            incident = await incidents.lock_incident(tx, place.incident_id)
            await due.settle(tx)
            if incident is None or not place.is_left(incident):
                return
            theirs, rest = await ledger.of_incident(tx, place, self.at_most, awaiting=not (incident.over or place.news))
            if place.news:
                await updating.give_updates(tx, incident, theirs)
            elif incident.over:
                await self._end(tx, incident, theirs, first=not place.after)
            else:
                await self._go_on(tx, incident, theirs, due, first=not place.after)
            if rest:
                await incidents.follow_up(tx, [rest])

    async def _go_on(self, tx: Tx, incident: Incident, theirs: Sequence[Notification], due: Due, *, first: bool) -> None:
        if incident.behind > self.policy.hold_when_behind:
            return  # what is held stays held
        if failing(incident, self.policy, due.now):
            await ledger.true_anew(tx, [each.id for each in theirs if each.status is Status.SUPPRESSED])
        await deliveries.hasten(tx, notifications=[each.id for each in theirs if each.status is Status.WAITING])
        if first and incident.critical:
            await releases.release(tx, Released(incident.id, held_for=QUIET))  # it may not have been when it was held

    async def _end(self, tx: Tx, incident: Incident, theirs: Sequence[Notification], *, first: bool) -> None:
        tickets = await ticket_links.tickets_of(tx, incident.id, {each.customer_id for each in theirs})
        await ledger.write_down(tx, owed_ends(incident, theirs, tickets))
        await tx.execute(ledger.queries.await_no_more, [each.id for each in theirs if each.awaits_incident])
        waiting = [each.id for each in theirs if each.kind in (Kind.OPENED, *AFTER_ALARM) and each.status is Status.WAITING]
        await deliveries.hasten(tx, notifications=waiting)
        await remembering.ended(tx, incident, theirs, self.policy, first=first)  # last: notifications are locked before gates
