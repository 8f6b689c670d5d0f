"""A fact about a customer came: notifier keeps the directory."""

from collections.abc import Sequence

from services.notifier.hearing.addresses import contacts_changed
from services.notifier.hearing.rounds import rounds_of
from services.notifier.store import deliveries, directory
from shared.events import CustomerErased, CustomerUpdated, Fact
from shared.postgres import Tx

FACTS = (CustomerUpdated, CustomerErased)


async def on_customers(tx: Tx, facts: Sequence[Fact]) -> None:
    """Stores what is said of customers. What waits for one who is new, reached elsewhere now, or erased, is decided at once."""
    erased = {fact.subject: fact for fact in facts if isinstance(fact, CustomerErased)}
    moved: list[str] = []
    for updates in rounds_of(fact for fact in facts if isinstance(fact, CustomerUpdated)):
        moved += await directory.put_customers(tx, updates)
    await directory.erase_customers(tx, erased.values())
    await contacts_changed(tx, moved)
    await deliveries.hasten(tx, customers=[*moved, *erased])


async def on_forgotten(tx: Tx, customer_ids: Sequence[str]) -> None:
    """Deletes the entries of customers whose keys the product deleted (tombstones). What is erased stays erased."""
    await directory.forget_customers(tx, customer_ids)
