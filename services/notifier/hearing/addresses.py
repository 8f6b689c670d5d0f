"""When a customer's addresses have changed, customers who could not be told of an incident are told while it goes on."""

from collections.abc import Sequence

from services.notifier.audience import contact_for
from services.notifier.store import directory, ledger
from shared.postgres import Tx


async def contacts_changed(tx: Tx, customer_ids: Sequence[str]) -> None:
    """Puts what could not be brought to those who can be reached now back into the queue; consent and caps count as ever."""
    reachable = [customer.id for customer in await directory.unreached(tx, customer_ids) if contact_for(customer) is not None]
    if reachable:
        await ledger.wait_again(tx, reachable)
