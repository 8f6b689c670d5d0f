"""Where customers can be reached has changed: who could not be told is told after all, while the incident goes on."""

from collections.abc import Sequence

from services.notifier import store
from services.notifier.audience import contact_for
from shared.postgres import Tx


async def contacts_changed(tx: Tx, customer_ids: Sequence[str]) -> None:
    """Has it decided anew what those of them who can be reached now could not be told; consent and caps count as ever."""
    reachable = [customer.id for customer in await store.unreached(tx, customer_ids) if contact_for(customer) is not None]
    if reachable:
        await store.wait_again(tx, reachable)
