"""The end of an incident is written down for customers whose notification was on its way when the incident ended."""

from collections import defaultdict
from collections.abc import Iterable

from services.notifier.deciding.ends import owed_ends
from services.notifier.notification import ENDS, TELLING, Notification
from services.notifier.store import incidents, ledger, ticket_links
from shared.postgres import Tx


def may_be_owed(notification: Notification, *, told: bool) -> bool:
    """Says whether the end may be owed: to who was told of the incident, and to who was not told of an end, as it may have ended anew."""
    return notification.incident_id is not None and notification.kind in (TELLING if told else ENDS)


async def give_ends(tx: Tx, notifications: Iterable[Notification]) -> None:
    """Writes down the ends that their customers are owed. The lock lets an incident end before or after us, not between."""
    customers: dict[str, set[str]] = defaultdict(set)
    for each in notifications:
        customers[each.incident_id or ""].add(each.customer_id)
    for incident_id, incident in (await incidents.lock_incidents(tx, customers)).items():
        if incident.over:
            theirs = await ledger.of_incident_and_customers(tx, incident_id, customers[incident_id])
            tickets = await ticket_links.tickets_of(tx, incident_id, customers[incident_id])
            await ledger.write_down(tx, owed_ends(incident, theirs, tickets))
