"""The directory says who the customers are, where they can be reached, and what they chose."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import asyncpg

from services.notifier.audience import Contact, Customer, trimmed
from services.notifier.store import endpoints
from shared.audiences import ATTRIBUTES
from shared.events import Contact as ContactData
from shared.events import CustomerUpdated
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


async def put_customers(tx: Tx, facts: Collection[CustomerUpdated]) -> list[str]:
    """Stores the latest about each customer (one fact a customer); returns those who are new or whose contacts have changed.

    A mark at one of their addresses that is older than such a change is deleted; an unchanged export deletes none.
    """
    contacts = {fact.subject: [_stored(each) for each in fact.data.contacts] for fact in facts}
    before = {row["id"]: row["contacts"] for row in await tx.fetch(queries.contacts_before, list(contacts))}
    rows = await tx.fetch(
        queries.put_customers,
        [fact.subject for fact in facts],
        [fact.data.name for fact in facts],
        [fact.data.account for fact in facts],
        [fact.data.tier for fact in facts],
        [fact.data.locale for fact in facts],
        [fact.data.timezone for fact in facts],
        [json.dumps(each) for each in contacts.values()],  # as text: asyncpg would take lists for dimensions
        [fact.data.consent for fact in facts],
        [fact.time for fact in facts],
        [fact.id for fact in facts],
        [fact.data.account_manager for fact in facts],
        [fact.data.revenue for fact in facts],
    )
    changed = {fact.subject: fact.time for fact in facts if _as_set(contacts[fact.subject]) != _as_set(before.get(fact.subject))}
    moved = [row["id"] for row in rows if row["id"] in changed]
    if moved:
        await tx.execute(queries.forget_marks, moved, [changed[each] for each in moved])
    return moved


async def forget_customers(tx: Tx, customer_ids: Sequence[str]) -> None:
    """Deletes their entries; what they chose with us stays."""
    await tx.execute(queries.forget_customers, list(customer_ids))


async def customer(tx: Tx, customer_id: str) -> Customer | None:
    """Returns one customer; None when the directory does not know them."""
    row = await tx.fetchrow(queries.customer, customer_id)
    return (await _reached(tx, [row]))[0] if row else None


async def customers(tx: Tx, customer_ids: Collection[str]) -> dict[str, Customer]:
    """Returns those whom the directory knows, locked until `tx` ends."""
    rows = await tx.fetch(queries.customers_locked, sorted(customer_ids)) if customer_ids else []
    return {each.id: each for each in await _reached(tx, rows)}


async def shown(tx: Tx, customer_ids: Collection[str]) -> dict[str, Customer]:
    """Returns those whom the directory knows, to show how they would be told."""
    rows = await tx.fetch(queries.customers_to_show, sorted(customer_ids)) if customer_ids else []
    return {each.id: each for each in await _reached(tx, rows)}


async def unreached(tx: Tx, customer_ids: Sequence[str]) -> list[Customer]:
    """Returns those of them who could not be told of an incident that still goes on, for want of an address."""
    return await _reached(tx, await tx.fetch(queries.unreached, customer_ids)) if customer_ids else []


def _stored(contact: ContactData) -> dict[str, str]:
    return {"channel": contact.channel, "address": trimmed(contact.address), "role": contact.role}


def _as_set(contacts: Iterable[Mapping[str, str]] | None) -> frozenset[tuple[str, ...]] | None:
    """Returns the contacts without their order, which exports do not keep; None for a customer nobody knew."""
    return None if contacts is None else frozenset((each["channel"], each["address"], each["role"]) for each in contacts)


async def _reached(tx: Tx, rows: Sequence[asyncpg.Record]) -> list[Customer]:
    """Returns these customers with everywhere that they can be reached."""
    registered = await endpoints.endpoints_of(tx, [row["id"] for row in rows]) if rows else {}
    return [_with(_customer(row), registered.get(row["id"], ())) for row in rows]


def _with(known: Customer, registered: tuple[Contact, ...]) -> Customer:
    """Returns the customer with the endpoints that are registered with us: those alone are called, whatever the directory says.

    They come first: of many contacts not all are looked at.
    """
    others = tuple(contact for contact in known.contacts if contact.channel != endpoints.CHANNEL)
    return replace(known, contacts=(*registered, *others)) if registered or len(others) < len(known.contacts) else known


def _customer(row: asyncpg.Record) -> Customer:
    bad = set(row["bad"])
    contacts = tuple(Contact(each["channel"], each["address"], each["role"], each["address"] in bad) for each in row["contacts"])
    attributes = {name: row[name] for name in ATTRIBUTES}
    return Customer(row["id"], row["name"], row["timezone"], contacts, row["consent"], row["locale"], row["account"], attributes)


async def page_of_attributes(tx: Tx, after: str, at_most: int) -> Sequence[asyncpg.Record]:
    """Returns the ids of the next customers of the directory with what audiences are named by."""
    rows: list[asyncpg.Record] = await tx.fetch(queries.attributes, after, at_most)
    return rows
