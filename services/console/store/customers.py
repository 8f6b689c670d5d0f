"""Who the customers are, as the directory says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from services.console.store.rows import columns
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("customers.sql"))


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer."""

    id: str
    updated_at: datetime
    name: str
    account: str | None
    tier: str | None
    locale: str
    timezone: str
    contacts: list[dict[str, Any]]  # channel, address, role
    consent: dict[str, bool]
    account_manager: str | None
    revenue: float | None
    renews_at: date | None

    @property
    def addresses(self) -> list[str]:
        """Returns the addresses as the search compares them."""
        return sorted({str(each["address"]).lower() for each in self.contacts})


async def put(tx: Tx, customers: Iterable[Customer]) -> None:
    """Stores what is said of customers: the latest by its own time, and of the same moment the last."""
    latest: dict[str, Customer] = {}
    for each in customers:
        if each.id not in latest or each.updated_at >= latest[each.id].updated_at:
            latest[each.id] = each
    if latest:
        await tx.execute(queries.put_customers, *columns(map(_row, latest.values())))


async def forget(tx: Tx, ids: Sequence[str]) -> None:
    """Deletes entries of the directory."""
    await tx.execute(queries.forget_customers, list(ids))


def _row(each: Customer) -> tuple[object, ...]:
    contacts, addresses = (msgspec.json.encode(held).decode() for held in (each.contacts, each.addresses))
    about = (each.id, each.updated_at, each.name, each.account, each.tier, each.locale, each.timezone, contacts, each.consent)
    return (*about, each.account_manager, each.revenue, each.renews_at, addresses)
