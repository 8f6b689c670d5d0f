"""The news of an incident is written down for customers who were told of it; what waits of older news is decided anew."""

from collections.abc import Sequence

from services.notifier.deciding.updates import owed_updates, waiting_updates
from services.notifier.incident import Incident
from services.notifier.notification import Notification
from services.notifier.store import deliveries, ledger
from shared.postgres import Tx


async def give_updates(tx: Tx, incident: Incident, theirs: Sequence[Notification]) -> None:
    """Gives customers the news that they are owed. An update that waits is decided anew: when it is not the latest, it is superseded.

    The incident is locked, and stays so until `tx` ends; `theirs` is what whole customers have in the ledger of it.
    """
    waiting = waiting_updates(theirs)
    unsent = await ledger.unsent(tx, waiting)
    await ledger.write_down(tx, owed_updates(incident, theirs, unsent))
    await deliveries.hasten(tx, notifications=sorted(unsent))
