"""`customers.v1`: notifier keeps the directory, and erases whom a fact says."""

from collections.abc import Sequence

from services.notifier.hearing.addresses import contacts_changed
from services.notifier.hearing.rounds import rounds_of
from services.notifier.personal import PERSONAL
from services.notifier.store import deliveries, directory
from shared.erasing import erased_at, hear
from shared.events import CustomerErased, CustomerUpdated, Fact
from shared.postgres import Tx

FACTS = (CustomerUpdated, CustomerErased)


async def on_customers(tx: Tx, facts: Sequence[Fact]) -> None:
    """Stores what is said of customers, and of the erased nothing. What waits for who is new or reached elsewhere is decided at once."""
    await hear(tx, PERSONAL, [fact for fact in facts if isinstance(fact, CustomerErased)])
    updates = [fact for fact in facts if isinstance(fact, CustomerUpdated)]
    erased = await erased_at(tx, {fact.subject for fact in updates})
    moved: list[str] = []
    for each in rounds_of(fact for fact in updates if fact.subject not in erased):
        moved += await directory.put_customers(tx, each)
    await contacts_changed(tx, moved)
    await deliveries.hasten(tx, customers=moved)


async def on_forgotten(tx: Tx, customer_ids: Sequence[str]) -> None:
    """Deletes the entries of customers whose keys the product deleted (tombstones); what they chose with us stays."""
    await directory.forget_customers(tx, customer_ids)
