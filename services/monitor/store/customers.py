"""The tables that name one customer: impact, risks, and the packed tallies and moments, which only their partition's owner may change."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from msgspec.structs import replace

from services.monitor.fold.customers import StoredCustomers
from services.monitor.fold.tallies import Rows
from services.monitor.risk.finding import moment
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

_encode = msgspec.msgpack.encode
_rows = msgspec.msgpack.Decoder(Rows).decode
_customers = msgspec.msgpack.Decoder(StoredCustomers).decode


def failures_of(row: asyncpg.Record, customer_id: str) -> Mapping[str, Any] | None:
    """Returns what packed tallies hold of the customer, by component; None when they hold another one whose id begins alike."""
    held = {component: tallies[customer_id] for component, tallies in _rows(row["rows"]).items() if customer_id in tallies}
    failures = {component: {"first": row.first, "last": row.last, "count": row.count} for component, row in held.items()}
    return {"partition": row["partition"], "rule": row["rule"], "failures": failures} if failures else None


def moments_of(row: asyncpg.Record, customer_id: str) -> Mapping[str, Any] | None:
    """Returns what packed moments hold of the customer; None when they hold another one whose id begins alike."""
    held = _customers(row["rows"]).moments.get(customer_id)
    if held is None:
        return None
    shown: dict[str, Any] = {"ended_at": moment(held.ended) if held.ended else None, "troubles_at": [moment(at) for at, _ in held.troubles]}
    if held.amounts:
        shown["amounts"] = held.amounts
    return {"partition": row["partition"], "rule": row["rule"], **shown}


async def begin_erasing(tx: Tx, customer_id: str) -> int:
    """Asks the owners of all partitions to forget the customer; returns in how many packed tallies the customer stands."""
    held = 0
    async for row in tx.cursor(queries.tallies_naming, customer_id, prefetch=1):
        held += failures_of(row, customer_id) is not None
    await tx.execute(queries.begin_erasing, customer_id)
    return held


async def begin_erasing_moments(tx: Tx, customer_id: str) -> int:
    """Asks the same; returns in how many packed moments the customer stands."""
    held = 0
    async for row in tx.cursor(queries.moments_naming, customer_id, prefetch=1):
        held += moments_of(row, customer_id) is not None
    await tx.execute(queries.begin_erasing, customer_id)
    return held


async def to_forget(tx: Tx, partitions: Collection[int]) -> dict[int, list[str]]:
    """Returns whom the owner of these partitions has to forget now, by partition."""
    found: dict[int, list[str]] = {}
    for partition, customer_id in await tx.fetch(queries.to_forget, list(partitions)):
        found.setdefault(partition, []).append(customer_id)
    return found


async def forget(tx: Tx, partition: int, customers: Collection[str]) -> None:
    """Takes the customers out of what is stored of a partition that this instance owns."""
    async for row in tx.cursor(queries.tallies_of_partition_naming, partition, list(customers), prefetch=1):
        rest = {
            component: {customer: tally for customer, tally in tallies.items() if customer not in customers}
            for component, tallies in _rows(row["rows"]).items()
        }
        await tx.execute(queries.replace_tallies, partition, row["rule"], row["generation"], row["part"], _encode(rest))
    async for row in tx.cursor(queries.moments_of_partition_naming, partition, list(customers), prefetch=1):
        held = _customers(row["rows"])
        left = {customer: moments for customer, moments in held.moments.items() if customer not in customers}
        await tx.execute(queries.replace_moments, partition, row["rule"], row["part"], _encode(replace(held, moments=left)))
    await tx.execute(queries.forgotten, [partition] * len(customers), list(customers))
