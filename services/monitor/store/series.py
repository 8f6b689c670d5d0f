"""The table of series: the merged window of each rule and component, and the state of its incident."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from services.monitor.incidents.life import State
from services.monitor.windows.window import Buckets, Window
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(tuple[Buckets, float, State]).decode


@dataclass(slots=True)
class Series:
    """One rule and component: the merged window and the state of its incident."""

    home: int  # its partition of the partials
    window: Window
    state: State
    heard_at: datetime | None = None  # when its last event was counted, on the database's clock
    spoke_at: datetime | None = None  # that event's own time


Key = tuple[str, str]  # rule, component


async def series_of(tx: Tx, homes: Collection[int], fingerprints: Mapping[str, str]) -> dict[Key, Series]:
    """Returns the series whose rule still counts as it did (rule → its fingerprint), and deletes the others."""
    rows = await tx.fetch(queries.series_of, list(homes))
    series, gone = {}, []
    for row in rows:
        key, fits = (row["rule"], row["component"]), (None, fingerprints.get(row["rule"]))
        if row["rule"] in fingerprints and row["fingerprint"] in fits:
            buckets, watermark, state = _decode(row["state"])
            series[key] = Series(row["home"], Window(buckets, watermark), state, row["heard_at"], row["spoke_at"])
        else:
            gone.append(key)
    await drop_series(tx, gone)
    return series


async def drop_series(tx: Tx, gone: Collection[Key]) -> None:
    """Deletes these series."""
    if gone:
        await tx.execute(queries.drop_series, *map(list, zip(*gone, strict=True)))


async def keep_series(tx: Tx, changed: Mapping[Key, Series], fingerprints: Mapping[str, str]) -> None:
    """Stores these series."""
    rows = [
        (rule, component, each.home, _state(each), fingerprints[rule], each.heard_at, each.spoke_at)
        for (rule, component), each in changed.items()
    ]
    await tx.execute(queries.keep_series, *map(list, zip(*rows, strict=True)))


def _state(series: Series) -> bytes:
    return _encode((series.window.buckets, series.window.watermark, series.state))
