"""The fold is stored by what changed at each checkpoint, and restored whole when a partition is assigned. No decisions."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import msgspec

from services.monitor.fold.aging import Mark
from services.monitor.fold.buckets import OldCells, StoredCells
from services.monitor.fold.customers import StoredCustomers
from services.monitor.fold.partition import Account, Partition, above
from services.monitor.fold.tallies import Rows, pieces
from services.monitor.fold.watch import Watch
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

_encode = msgspec.msgpack.encode
_cells = msgspec.msgpack.Decoder(StoredCells).decode
_rows = msgspec.msgpack.Decoder(Rows).decode
_customers = msgspec.msgpack.Decoder(StoredCustomers).decode
_old_cells = msgspec.msgpack.Decoder(OldCells).decode

Partitions = Mapping[int, Partition]

AT_ONCE = 20  # rows that are fetched at once; an older version may have left some of several megabytes
ANEW = 250_000  # customers after whom a checkpoint stores no further view anew, so that it takes a second and not ten


def _views(partition: Partition) -> list[tuple[str, Watch]]:
    """Returns each rule's view with the key it is stored under."""
    return [(watch.key, watch) for watch in partition.watches.values()]


# ── loading ──────────────────────────────────────────────────────────────────────────────────


async def restore(tx: Tx, partitions: Partitions, limit: int, now: float) -> int:
    """Gives each partition back what its last checkpoint held, in pieces; returns how many identities were above the limit."""
    watches = {(number, rule): watch for number, partition in partitions.items() for rule, watch in _views(partition)}
    rules = list({rule for _, rule in watches})
    for query in (queries.drop_other_cells, queries.drop_other_tallies, queries.drop_other_components):
        await tx.execute(query, list(partitions), rules)
    for number, clock in await tx.fetch(queries.clocks_of, list(partitions)):
        partitions[number].clock = clock
    for number, rule, component, *mark in await tx.fetch(queries.components_of, list(partitions)):
        watches[number, rule].components.restore(component, Mark(*mark), partitions[number].clock)
    touched = await _restore_cells(tx, partitions, watches)
    async for row in _pieces(tx, queries.tallies_of, list(partitions)):
        watches[row["partition"], row["rule"]].tallies.restore(row["generation"], _rows(row["rows"]))
    for (number, _), watch in watches.items():
        await asyncio.sleep(0)
        watch.restored(touched.get(watch, {}), partitions[number].clock, now)
    await _restore_customers(tx, partitions)
    await _take_over(tx, partitions)
    dropped = await _restore_seen(tx, partitions, limit)
    await _keep_components(tx, partitions)  # what is forgotten here must be late after another restart too
    for number, *counts in await tx.fetch(queries.accounts_of, list(partitions)):
        partitions[number].account = Account(*counts)
    return dropped


async def _pieces(tx: Tx, query: str, *values: object) -> AsyncIterator[Any]:
    """Yields what the query reads, and gives others a turn after each row: a restore can take longer than Kafka waits for a heartbeat."""
    async for row in tx.cursor(query, *values, prefetch=AT_ONCE):
        yield row
        await asyncio.sleep(0)


async def _restore_cells(tx: Tx, partitions: Partitions, watches: Mapping[tuple[int, str], Watch]) -> dict[Watch, dict[int, float]]:
    """Returns where the clock stood when each bucket was stored last."""
    touched: dict[Watch, dict[int, float]] = {}
    async for row in _pieces(tx, queries.cells_of, list(partitions)):
        watch = watches[row["partition"], row["rule"]]
        watch.buckets.restore(row["start"], _cells(row["cells"]))
        touched.setdefault(watch, {})[row["start"]] = row["clock"]
    return touched


async def _restore_customers(tx: Tx, partitions: Partitions) -> None:
    """Restores what rules on customers remember; of what another rule remembered nothing is left."""
    views = {(number, each.key): each for number, partition in partitions.items() for each in partition.customers.values()}
    await tx.execute(queries.drop_other_moments, list(partitions), list({rule for _, rule in views}))
    async for row in _pieces(tx, queries.moments_of, list(partitions)):
        views[row["partition"], row["rule"]].restore(_customers(row["rows"]))
    for each in views.values():
        await asyncio.sleep(0)
        each.restored()


async def _take_over(tx: Tx, partitions: Partitions) -> None:
    """Reads what an older version left; the next checkpoint writes it anew."""
    reach = max((watch.kept for partition in partitions.values() for watch in partition.watches.values()), default=0.0)
    async for row in _pieces(tx, queries.old_buckets_of, list(partitions), reach):
        partition = partitions[row["partition"]]
        partition.taken_over = True
        if (watch := partition.watches.get(row["rule"])) is not None:
            watch.take_over(row["start"], _old_cells(row["cells"]))
            partition.clock = max(partition.clock, *watch.watermarks.values())


async def _restore_seen(tx: Tx, partitions: Partitions, limit: int) -> int:
    """Forgets before it loads: what is too old, and what is above the limit."""
    sizes = {(partition, minute): (clock, size) for partition, minute, clock, size in await tx.fetch(queries.seen_sizes, list(partitions))}
    old = [(number, minute) for (number, minute), (clock, _) in sizes.items() if partitions[number].is_over(clock)]
    kept = {at: size for at, (_, size) in sizes.items() if at not in set(old)}
    over = above(limit, kept)
    for number, minute in old + over:
        partitions[number].close(minute)
    await _write(tx, queries.drop_seen, old + over)
    async for row in _pieces(tx, queries.seen_of, list(partitions)):
        partitions[row["partition"]].seen.restore(row["slot"], row["ids"], row["clock"])
    return sum(kept[at] for at in over)


# ── a checkpoint ─────────────────────────────────────────────────────────────────────────────


async def keep(tx: Tx, partitions: Partitions, limit: int, now: float, part: int) -> int:
    """Stores what changed in each partition since the last checkpoint, and deletes what is too old or too much.

    `part`: greater at each checkpoint. Returns how many identities were forgotten because they are above the limit.
    """
    await _keep_cells(tx, partitions, part)
    await _keep_tallies(tx, partitions, now, part)
    await _keep_customers(tx, partitions, part)
    dropped = await _keep_seen(tx, partitions, limit, part)
    await _keep_components(tx, partitions)
    await _write(tx, queries.keep_clocks, [(number, partition.clock) for number, partition in partitions.items()])
    await tx.executemany(queries.keep_account, [(number, *astuple(partition.account)[:7]) for number, partition in partitions.items()])
    await _write(tx, queries.keep_forwarded, [(number, partition.account.forwarded) for number, partition in partitions.items()])
    if old := [number for number, partition in partitions.items() if partition.taken_over]:
        await tx.execute(queries.drop_old_buckets, old)
        for number in old:
            partitions[number].taken_over = False
    return dropped


async def _write(tx: Tx, query: str, rows: Collection[Sequence[Any]], part: int | None = None, keys: int = 0) -> None:
    """Runs the query once with a column of each; with `part` the first `keys` columns come before it."""
    if not rows:
        return
    columns: list[Any] = list(map(list, zip(*rows, strict=True)))
    await tx.execute(query, *(columns if part is None else [*columns[:keys], part, *columns[keys:]]))


async def _keep_cells(tx: Tx, partitions: Partitions, part: int) -> None:
    changed, gone = [], []
    for number, partition in partitions.items():
        for rule, watch in _views(partition):
            await asyncio.sleep(0)
            for bucket in watch.buckets.take_changes(partition.clock):
                changed.append((number, rule, bucket.start, partition.clock, _encode(bucket.cells)))
                if bucket.whole:
                    gone.append((number, rule, bucket.start))
    await _write(tx, queries.drop_cells, gone)
    await _write(tx, queries.keep_cells, changed, part, keys=3)
    gone = [
        (number, rule, start)
        for number, partition in partitions.items()
        for rule, watch in _views(partition)
        for start in watch.buckets.forget(partition.clock)
    ]
    await _write(tx, queries.drop_cells, gone)


async def _keep_tallies(tx: Tx, partitions: Partitions, now: float, part: int) -> None:
    changed, gone = [], []
    for number, partition in partitions.items():
        for rule, watch in _views(partition):
            if (stored := watch.tallies.take_changes()) is not None:
                for piece, rows in enumerate(pieces(stored.rows)):
                    changed.append((number, rule, stored.generation, part + piece, _encode(rows)))
                    await asyncio.sleep(0)
                if stored.whole:
                    gone.append((number, rule, stored.generation))
            if (generation := watch.turn(partition.clock, now)) is not None:
                gone.append((number, rule, generation))
    await _write(tx, queries.drop_tallies, gone)
    await _write(tx, queries.keep_tallies, changed)


async def _keep_customers(tx: Tx, partitions: Partitions, part: int) -> None:
    """Stores customers piece by piece, and gives others a turn after each. All views wear alike, so a checkpoint stores only some anew."""
    changed, gone, anew = [], [], 0
    for number, partition in partitions.items():
        for each in partition.customers.values():
            for piece, stored in enumerate(each.take_changes(anew=anew < ANEW)):
                changed.append((number, each.key, part + piece, _encode(stored)))
                if stored.whole:
                    gone.append((number, each.key))
                    anew += len(each)
                await asyncio.sleep(0)
    await _write(tx, queries.drop_moments, gone)
    await _write(tx, queries.keep_moments, changed)


async def _keep_seen(tx: Tx, partitions: Partitions, limit: int, part: int) -> int:
    fresh = [
        (number, minute, partition.clock, ids)
        for number, partition in partitions.items()
        for minute, ids in partition.seen.fresh(partition.clock).items()
    ]
    await _write(tx, queries.keep_seen, fresh, part, keys=2)
    gone = [(number, minute) for number, partition in partitions.items() for minute in partition.expired()]
    for number, minute in gone:
        partitions[number].forget(minute)
    sizes = {(number, minute): size for number, partition in partitions.items() for minute, size in partition.seen.minutes().items()}
    over = above(limit, sizes)
    for number, minute in over:
        partitions[number].forget(minute)
    await _write(tx, queries.drop_seen, gone + over)
    return sum(sizes[at] for at in over)


async def _keep_components(tx: Tx, partitions: Partitions) -> None:
    known, gone = [], []
    for number, partition in partitions.items():
        for rule, watch in _views(partition):
            watch.forget_strangers(partition.clock)
            for component, mark in watch.components.unsaved().items():
                if mark is None:
                    gone.append((number, rule, component))
                else:
                    known.append((number, rule, component, *astuple(mark)))
    await _write(tx, queries.keep_components, known)
    await _write(tx, queries.drop_components, gone)
