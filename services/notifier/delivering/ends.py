"""The end and the news of an incident, or what became of maintenance, is written down for customers who were being told meanwhile."""

from collections import defaultdict
from collections.abc import Iterable

from services.notifier.acts.updating import give_updates
from services.notifier.announcing import give_notices
from services.notifier.deciding.ends import owed_ends
from services.notifier.notification import AFTER_ALARM, OF_MAINTENANCE, TELLING, Kind, Notification
from services.notifier.store import incidents, ledger, ticket_links
from shared.postgres import Tx


def may_be_owed(notification: Notification, *, told: bool) -> bool:
    """Says whether an end or news may be owed: to who was told of the incident, and to who was not told of an end or of older news."""
    if notification.kind in OF_MAINTENANCE:
        return True
    kinds = (*TELLING, Kind.UPDATED) if told else AFTER_ALARM
    return notification.incident_id is not None and notification.kind in kinds


async def give_ends(tx: Tx, notifications: Iterable[Notification]) -> None:
    """Writes down the ends and the news that their customers are owed. The lock lets an incident end before or after us, not between."""
    notifications = list(notifications)
    await give_notices(tx, notifications)
    customers: dict[str, set[str]] = defaultdict(set)
    for each in notifications:
        if each.incident_id is not None:
            customers[each.incident_id].add(each.customer_id)
    for incident_id, incident in (await incidents.lock_incidents(tx, customers)).items():
        if incident.over or incident.news is not None:
            theirs = await ledger.of_incident_and_customers(tx, incident_id, customers[incident_id])
            tickets = await ticket_links.tickets_of(tx, incident_id, customers[incident_id])
            await ledger.write_down(tx, owed_ends(incident, theirs, tickets))
            await give_updates(tx, incident, theirs)
