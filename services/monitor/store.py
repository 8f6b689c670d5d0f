"""What monitor's tables hold, as the pure modules have it. No decisions."""

from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from services.monitor.fold import Account, Partition, Stored, Tally
from services.monitor.incident import State, moment
from services.monitor.window import Buckets, Window
from shared.postgres import Queries, Tx

Q = Queries(Path(__file__).with_name("queries.sql"))

_encode = msgspec.msgpack.encode
_cells = msgspec.msgpack.Decoder(Stored).decode


@dataclass(frozen=True, slots=True)
class RecentIncident:
    """What a folding instance must know of an incident."""

    id: str
    rule: str
    component: str
    started_at: datetime
    resolved_at: datetime | None  # None while it is open


# ── the fold ─────────────────────────────────────────────────────────────────────────────────


async def restore(tx: Tx, partitions: Mapping[int, Partition], now: float) -> None:
    """Gives each partition back what its last checkpoint held."""
    async for row in tx.cursor(Q.buckets_of, list(partitions)):
        watch = partitions[row["partition"]].watches.get(row["rule"])
        if watch is not None:  # the rule may have been taken out of the file
            watch.restore(row["start"], _cells(row["cells"]), now)
    async for row in tx.cursor(Q.seen_of, list(partitions)):
        partitions[row["partition"]].seen.restore(row["slot"], row["ids"], now)
    for row in await tx.fetch(Q.accounts_of, list(partitions)):
        partition, *counts = row
        partitions[partition].account = Account(*counts)


async def keep(tx: Tx, partitions: Mapping[int, Partition], now: float, part: int) -> None:
    """Stores what changed in each partition since the last checkpoint, and lets go of what is too old."""
    buckets, seen, old_buckets, old_seen = [], [], [], []
    for number, partition in partitions.items():
        for rule, watch in partition.watches.items():
            buckets += [(number, rule, start, _encode(cells)) for start, cells in watch.settle(now).items()]
            old_buckets += [(number, rule, start) for start in watch.forget(now)]
        seen += [(number, slot, part, ids) for slot, ids in partition.seen.fresh(now).items()]
        old_seen += [(number, slot) for slot in partition.seen.forget(now - partition.horizon)]
    for query, rows in (
        (Q.keep_buckets, buckets),
        (Q.keep_seen, seen),
        (Q.drop_buckets, old_buckets),
        (Q.drop_seen, old_seen),
    ):
        if rows:
            await tx.execute(query, *map(list, zip(*rows, strict=True)))
    await tx.executemany(Q.keep_account, [(number, *astuple(partition.account)) for number, partition in partitions.items()])


async def recent_incidents(tx: Tx, within: timedelta) -> list[RecentIncident]:
    """The open ones, and those that opened so shortly ago."""
    return [RecentIncident(*row) for row in await tx.fetch(Q.recent_incidents, within)]


async def touch(tx: Tx, incident_id: str, affected: Mapping[str, Tally]) -> set[str]:
    """Records the customers an incident touches; returns those it was not known to touch."""
    rows = await tx.fetch(
        Q.touch,
        incident_id,
        list(affected),
        [moment(tally.first) for tally in affected.values()],
        [moment(tally.last) for tally in affected.values()],
        [tally.count for tally in affected.values()],
    )
    return {row["customer_id"] for row in rows if row["is_new"]}


# ── the windows ──────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Series:
    """One rule and component: the merged window and where its incident stands."""

    home: int  # its partition of the partials
    window: Window
    state: State


_series = msgspec.msgpack.Decoder(tuple[Buckets, float, State]).decode


async def series_of(tx: Tx, homes: Collection[int]) -> dict[tuple[str, str], Series]:
    rows = await tx.fetch(Q.series_of, list(homes))
    series = {}
    for row in rows:
        buckets, watermark, state = _series(row["state"])
        series[row["rule"], row["component"]] = Series(row["home"], Window(buckets, watermark), state)
    return series


async def keep_series(tx: Tx, changed: Mapping[tuple[str, str], Series]) -> None:
    rows = [
        (rule, component, each.home, _encode((each.window.buckets, each.window.watermark, each.state)))
        for (rule, component), each in changed.items()
    ]
    await tx.execute(Q.keep_series, *map(list, zip(*rows, strict=True)))
