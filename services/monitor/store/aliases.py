"""The table of aliases, and what is on its way from one name to another."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import msgspec

from services.monitor.aggregates.counts import rule_of
from services.monitor.aliases.claims import By
from services.monitor.aliases.linking import Link
from services.monitor.fold.moving import Belongings, touched
from services.monitor.risk.finding import moment
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

AT_ONCE = 5000  # rows that are read at once: some 10 ms of CPU

_encode = msgspec.msgpack.encode
_belongings = msgspec.msgpack.Decoder(Belongings).decode


class Edge(NamedTuple):
    """One step from a name to its customer, as the fold follows it."""

    alias: str
    leads_to: str
    since: float  # events before it, seconds since the epoch, go to `before`; 0: all go one way
    before: str


class Move(NamedTuple):
    """The belongings of one name are on their way to its customer."""

    partition: int
    alias: str
    customer: str
    belongings: Belongings


async def claimed(tx: Tx, aliases: Collection[str]) -> dict[str, Link]:
    """Returns how these names stand, of those that are known."""
    return _links(await tx.fetch(queries.claimed, list(aliases)))


async def customers_called(tx: Tx, names: Collection[str]) -> dict[str, str]:
    """Returns by each name the customer whose it is; a name that nobody has claimed is a customer's own id.

    It is asked wherever people name customers. Events are followed through memory instead (`fold/naming.py`).
    """
    known = {row["alias"]: row["customer_id"] for row in await tx.fetch(queries.customers_called, list(names))}
    return {name: known.get(name, name) for name in names}


async def around(tx: Tx, names: Collection[str]) -> dict[str, Link]:
    """Returns the links of these names and of all other names of the same customers."""
    return _links(await tx.fetch(queries.around, list(names)))


async def named_by_customers(tx: Tx, customers: Collection[str]) -> list[Link]:
    """Returns the names that customers.v1 gave these customers."""
    return list(_links(await tx.fetch(queries.named_by_customers, list(customers))).values())


async def keep(tx: Tx, links: Collection[Link], displaced: Collection[str] = ()) -> None:
    """Stores these links, and deletes those that were displaced. The caller has the table's lock."""
    if links:
        await tx.execute(queries.keep_aliases, *map(list, zip(*map(_row, links), strict=True)))
    if displaced:
        await tx.execute(queries.drop_aliases, list(displaced))


async def latest(tx: Tx, limit: int) -> AsyncIterator[tuple[Edge, int]]:
    """Yields the edges that were said last, the latest first, each with its version."""
    async for row in tx.cursor(queries.latest_aliases, limit, prefetch=AT_ONCE):
        yield _edge(row), row["version"]


async def newer(tx: Tx, than: int) -> tuple[list[Edge], int]:
    """Returns the edges that changed since a version, and the greatest version now."""
    rows = await tx.fetch(queries.newer_aliases, than)
    return [_edge(row) for row in rows], max((row["version"] for row in rows), default=than)


async def also_erased(tx: Tx, customers: Collection[str]) -> dict[str, list[str]]:
    """Returns by which other names these customers go."""
    found: dict[str, list[str]] = {}
    for customer_id, alias in await tx.fetch(queries.also_erased, list(customers)):
        found.setdefault(customer_id, []).append(alias)
    return found


async def erase_aliases(tx: Tx, customer_id: str) -> int:
    """Deletes the links in which the customer stands, and whose name was the customer's before; returns how many."""
    await tx.execute(queries.lock_aliases)
    statuses = [await tx.execute(query, customer_id) for query in (queries.erase_aliases, queries.erase_before)]
    return sum(int(status.rpartition(" ")[2]) for status in statuses)


# ── what goes over from one name to another ──────────────────────────────────────────────────


async def send_off(tx: Tx, moves: Sequence[Move]) -> dict[str, str]:
    """Stores moves for the owners of their partitions, and forgets whom open incidents touch under these names.

    Returns the names' open risks: each one's id, and the name.
    """
    if not moves:
        return {}
    columns = zip(*((each.partition, each.alias, each.customer, _encode(each.belongings)) for each in moves), strict=True)
    await tx.execute(queries.send_off, *map(list, columns))
    places = [(name, rule_of(view.rpartition("@")[0]), at) for name, view, at in touched({each.alias: each.belongings for each in moves})]
    if places:
        await tx.execute(queries.impact_moves, *map(list, zip(*sorted(set(places)), strict=True)))
    rows = await tx.fetch(queries.risks_under, [each.alias for each in moves])
    return {row["id"]: row["customer_id"] for row in rows}


async def take_moves(tx: Tx, partitions: Iterable[int]) -> list[tuple[int, str, Belongings]]:
    """Takes what has come for these partitions: each with its partition and customer."""
    rows = await tx.fetch(queries.take_moves, list(partitions))
    return [(row["partition"], row["customer_id"], _belongings(row["belongings"])) for row in rows]


def _links(rows: Iterable[asyncpg.Record]) -> dict[str, Link]:
    return {row["alias"]: _link(row) for row in rows}


def _link(row: asyncpg.Record) -> Link:
    alias, named, leads_to, customer, by, said_at, _, before, _ = row
    return Link(alias, named, leads_to, customer, By(by), said_at.timestamp(), _edge(row).since, before)


def _row(link: Link) -> tuple[Any, ...]:
    since = moment(link.since) if link.since else None
    return link.alias, link.named, link.leads_to, link.customer, link.by, moment(link.said_at), since, link.before


def _edge(row: asyncpg.Record) -> Edge:
    return Edge(row["alias"], row["leads_to"], row["since"].timestamp() if row["since"] is not None else 0.0, row["before"])
