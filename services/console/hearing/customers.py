"""`customers.v1`: who the customers are; and who asked to be forgotten is erased from every table."""

from collections.abc import Sequence
from itertools import groupby

from services.console.hearing.erased import unless_erased
from services.console.live.changes import ERASED, changed, customer_key, enter
from services.console.personal import PERSONAL
from services.console.store import customers
from services.console.store.customers import Customer
from shared.erasing import hear
from shared.events import CustomerErased, CustomerUpdated, Fact
from shared.postgres import Tx

FACTS = (CustomerUpdated, CustomerErased)


async def on_customers(tx: Tx, facts: Sequence[Fact]) -> None:
    """Keeps the directory, and erases whom a fact says, each in its place between the others."""
    await enter(tx)
    for are_erasures, run in groupby(facts, lambda fact: isinstance(fact, CustomerErased)):
        if are_erasures:
            await _erase(tx, [fact for fact in run if isinstance(fact, CustomerErased)])
        else:
            await _update(tx, [fact for fact in run if isinstance(fact, CustomerUpdated)])


async def _erase(tx: Tx, facts: Sequence[CustomerErased]) -> None:
    erased = await hear(tx, PERSONAL, facts)
    if erased:
        await changed(tx, [ERASED, "incidents", "tickets", "audit", *(customer_key(each) for each in erased)])


async def _update(tx: Tx, facts: Sequence[CustomerUpdated]) -> None:
    current = await unless_erased(tx, [(fact.subject, fact.time, fact) for fact in facts])
    await customers.put(tx, map(_customer, current))
    await changed(tx, [customer_key(fact.subject) for fact in current])


async def on_forgotten(tx: Tx, customer_ids: Sequence[str]) -> None:
    """Deletes the entries of customers whose keys the product deleted (tombstones)."""
    await enter(tx)
    await customers.forget(tx, customer_ids)
    await changed(tx, [customer_key(each) for each in customer_ids])


def _customer(fact: CustomerUpdated) -> Customer:
    data = fact.data
    return Customer(
        id=fact.subject,
        updated_at=fact.time,
        name=data.name,
        account=data.account,
        tier=data.tier,
        locale=data.locale,
        timezone=data.timezone,
        contacts=[contact.model_dump() for contact in data.contacts],
        consent=dict(data.consent),
        account_manager=data.account_manager,
        revenue=data.revenue,
        renews_at=data.renews_at,
    )
