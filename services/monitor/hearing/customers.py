"""A customer has a tier, renews, or is erased: impact goes at once; each partition's owner forgets the customer at its next checkpoint.

The fold remembers customers by name, also those whose events are older than their erasure (a replay brings them): their
tallies stay in memory, so that nobody is counted twice, and are neither stored nor told.
"""

from collections.abc import Mapping, Sequence

from services.monitor.aliases.edges import Edges
from services.monitor.fold.partition import Partition
from services.monitor.hearing.aliases import learn_of_customers
from services.monitor.personal import PERSONAL
from services.monitor.store import customers as store
from services.monitor.store import renewals, tiers
from services.monitor.store.aliases import also_erased
from shared.erasing import LOCK, erased_at, hear, hold
from shared.events import CustomerErased, CustomerUpdated, Fact
from shared.postgres import Tx

AT_ONCE = 5000  # customers asked for at once: some 5 ms of CPU


async def on_customers(tx: Tx, facts: Sequence[Fact]) -> None:
    """Erases whom the facts name, under each of their names, and learns which names and tiers customers have, and when they renew."""
    gone = [fact for fact in facts if isinstance(fact, CustomerErased)]
    if gone:
        await tx.execute(LOCK)
        names = await also_erased(tx, {fact.subject for fact in gone})
        also = [fact.model_copy(update={"subject": name}) for fact in gone for name in names.get(fact.subject, ())]
        await hear(tx, PERSONAL, [*also, *gone])
    if updated := [fact for fact in facts if isinstance(fact, CustomerUpdated)]:
        await learn_of_customers(tx, updated)
        await tiers.learn(tx, updated)
        await renewals.learn(tx, updated)


async def on_forgotten(tx: Tx, customer_ids: Sequence[str]) -> None:
    """Forgets the tiers and renewals of customers whose keys the product deleted (tombstones)."""
    for customer_id in customer_ids:
        await tx.execute(tiers.queries.erase_tier, customer_id)
        await renewals.forget(tx, customer_id)


async def forget_erased(tx: Tx, partitions: Mapping[int, Partition], edges: Edges) -> bool:
    """Forgets the erased in memory and in what is stored. It is part of a checkpoint, before any customer is published or stored.

    No customer is erased between this and the end of `tx`. Returns whether there are more to forget.
    """
    anybody = await hold(tx)
    waiting = await store.to_forget(tx, partitions)
    for number, customers in waiting.items():
        edges.drop(customers)
        for watch in partitions[number].watches.values():
            watch.tallies.erase(customers)
        for followed in partitions[number].customers.values():
            followed.erase(customers)
        await store.forget(tx, number, customers)
    for partition in partitions.values():
        for watch in partition.watches.values():
            fresh, watch.tallies.fresh = list(watch.tallies.fresh), set()
            for begin in range(0, len(fresh) if anybody else 0, AT_ONCE):
                found = await erased_at(tx, fresh[begin : begin + AT_ONCE])
                watch.tallies.hidden |= {customer: at.timestamp() for customer, at in found.items()}
        for followed in partition.customers.values():
            fresh, followed.fresh = list(followed.fresh), set()
            for begin in range(0, len(fresh) if anybody else 0, AT_ONCE):
                for customer, at in (await erased_at(tx, fresh[begin : begin + AT_ONCE])).items():
                    followed.erase_until(customer, at.timestamp())
    return bool(waiting)
