"""What monitor's tables hold of windows and incidents, as the pure modules have it; the fold's are in `snapshot.py`. No decisions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec

from services.monitor.incident import IncidentRow, State, moment
from services.monitor.reading import Probe
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
    resolved_at: datetime | None  # when it ended; None while it is open


# ── what the fold asks and says of incidents ─────────────────────────────────────────────────


async def recent_incidents(tx: Tx, within: timedelta) -> list[RecentIncident]:
    """The open ones, and of those that events have shown to be over those that opened so shortly ago."""
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
    new = {row["customer_id"] for row in rows if row["is_new"]}
    if new:
        await tx.execute(Q.count_affected, incident_id, len(new))
    return new


# ── the windows ──────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Series:
    """One rule and component: the merged window and where its incident stands."""

    home: int  # its partition of the partials
    window: Window
    state: State
    heard_at: datetime | None = None  # when its last event was counted, on the database's clock
    spoke_at: datetime | None = None  # that event's own time


Key = tuple[str, str]  # rule, component

_series = msgspec.msgpack.Decoder(tuple[Buckets, float, State]).decode


async def series_of(tx: Tx, homes: Collection[int], fingerprints: Mapping[str, str]) -> dict[Key, Series]:
    """The series whose rule still counts as it did (rule → its fingerprint); the others are forgotten for good."""
    rows = await tx.fetch(Q.series_of, list(homes))
    series, gone = {}, []
    for row in rows:
        key, fits = (row["rule"], row["component"]), (None, fingerprints.get(row["rule"]))
        if row["rule"] in fingerprints and row["fingerprint"] in fits:
            buckets, watermark, state = _series(row["state"])
            series[key] = Series(row["home"], Window(buckets, watermark), state, row["heard_at"], row["spoke_at"])
        else:
            gone.append(key)
    await drop_series(tx, gone)
    return series


async def drop_series(tx: Tx, gone: Collection[Key]) -> None:
    """These are forgotten for good."""
    if gone:
        await tx.execute(Q.drop_series, *map(list, zip(*gone, strict=True)))


async def keep_series(tx: Tx, changed: Mapping[Key, Series], fingerprints: Mapping[str, str]) -> None:
    rows = [
        (rule, component, each.home, _state(each), fingerprints[rule], each.heard_at, each.spoke_at)
        for (rule, component), each in changed.items()
    ]
    await tx.execute(Q.keep_series, *map(list, zip(*rows, strict=True)))


def _state(series: Series) -> bytes:
    return _encode((series.window.buckets, series.window.watermark, series.state))


# ── incidents ────────────────────────────────────────────────────────────────────────────────

COLUMNS = [field.name for field in fields(IncidentRow)]


def incident_of(row: asyncpg.Record) -> IncidentRow:
    """An incident, of a row with all its columns. The version before writes no `ended_at`, and may still run beside this one."""
    return IncidentRow(**{name: row[name] for name in COLUMNS} | {"ended_at": row["ended_at"] or row["resolved_at"]})


async def incident(tx: Tx, query: str, *values: object) -> IncidentRow | None:
    """The incident that the query returns, if it returns one."""
    row = await tx.fetchrow(query, *values)
    return None if row is None else incident_of(row)


async def lock_incidents(tx: Tx, ids: Collection[str]) -> dict[str, IncidentRow]:
    """How these incidents stand, by id; nobody else changes them before `tx` ends."""
    rows = await tx.fetch(Q.lock_incidents, list(ids)) if ids else []
    return {row["id"]: incident_of(row) for row in rows}


# ── how far monitor reads ────────────────────────────────────────────────────────────────────

_probe = msgspec.msgpack.Decoder(Probe).decode


async def read_to(tx: Tx) -> tuple[datetime | None, Probe | None]:
    """How far monitor reads, and the probe under way; both are ours until `tx` ends."""
    [row] = await tx.fetch(Q.read_to)
    return row["read_to"], _probe(row["probe"]) if row["probe"] else None


async def keep_read_to(tx: Tx, moment: datetime | None, probe: Probe | None) -> None:
    await tx.execute(Q.keep_read_to, moment, _encode(probe) if probe else None)


async def offsets(tx: Tx) -> dict[str, dict[int, int]]:
    """How far both streams are committed: topic → partition → the next offset."""
    committed: dict[str, dict[int, int]] = {}
    for row in await tx.fetch(Q.offsets):
        committed.setdefault(row["topic"], {})[row["partition"]] = row["next"]
    return committed
