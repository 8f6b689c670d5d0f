"""What monitor's tables hold of windows and incidents, as the pure modules have it; the fold's are in `snapshot.py`. No decisions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from services.monitor.incident import State, moment
from services.monitor.tallies import Tally
from services.monitor.window import Buckets, Window
from shared.postgres import Queries, Tx

Q = Queries(Path(__file__).with_name("queries.sql"))

_encode = msgspec.msgpack.encode


@dataclass(frozen=True, slots=True)
class RecentIncident:
    """What a folding instance must know of an incident."""

    id: str
    rule: str
    component: str
    started_at: datetime
    resolved_at: datetime | None  # None while it is open


# ── what the fold asks and says of incidents ─────────────────────────────────────────────────


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
