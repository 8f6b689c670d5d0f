"""What became of an incident's customers is counted into the record of its rule; a false alarm sets the rule back by one step."""

import logging
from collections.abc import Sequence

from services.notifier.acts.switching import set_back
from services.notifier.deciding.policy import Policy
from services.notifier.incident import Incident, IncidentStatus
from services.notifier.notification import Kind, Notification
from services.notifier.store import gates
from shared.postgres import Tx

log = logging.getLogger(__name__)


async def ended(tx: Tx, incident: Incident, theirs: Sequence[Notification], policy: Policy, *, first: bool) -> None:
    """Counts a piece of the customers of an incident that has ended; with the `first` piece the counting begins anew.

    A false alarm counts once, also when its customers are looked through again.
    """
    told = [each.id for each in theirs if each.kind is Kind.OPENED and each.sent_at is not None]
    wrote_in = await tx.fetchval(gates.queries.wrote_in, incident.id, told) if told else 0
    await tx.execute(gates.queries.ended, incident.id, len(told), wrote_in, first)
    if first and incident.status is IncidentStatus.DISMISSED and await tx.fetchval(gates.queries.was_false, incident.id):
        step = await set_back(tx, incident.rule, policy, f"incident {incident.id} was a false alarm")
        log.warning("rule %s is set back to %s: incident %s was a false alarm", incident.rule, step, incident.id)


async def opted_out(tx: Tx, notification_id: str) -> None:
    """Notes that a customer opted out by the link under this message."""
    await tx.execute(gates.queries.unwelcome, notification_id, 1, 0)


async def complained(tx: Tx, notification_id: str) -> None:
    """Notes that a customer's provider reported this message as unwanted (ARF, RFC 5965)."""
    await tx.execute(gates.queries.unwelcome, notification_id, 0, 1)
