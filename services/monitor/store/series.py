"""The table of series: the merged window of each rule and component, and the state of its incident."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from services.monitor.incidents.alerts import Alerts
from services.monitor.incidents.life import State
from services.monitor.windows.window import Buckets, Window
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


class Stored(msgspec.Struct, array_like=True):
    """What is packed of a series. Fields are added at the end, with a default: what older versions stored lacks them."""

    buckets: Buckets
    watermark: float
    state: State
    alerts: Alerts = Alerts()


_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(Stored).decode


@dataclass(slots=True)
class Series:
    """One rule and component: the merged window and the state of its incident; of a rule on alerts, its alerts instead of both."""

    home: int  # its partition of the partials
    window: Window
    state: State
    heard_at: datetime | None = None  # when its last event was counted, on the database's clock
    spoke_at: datetime | None = None  # that event's own time
    alerts: Alerts = field(default_factory=Alerts)

    @property
    def incident_id(self) -> str | None:
        """Returns the id of its open incident."""
        return self.state.incident_id or self.alerts.incident_id


Key = tuple[str, str]  # rule, component


async def series_of(tx: Tx, homes: Collection[int], fingerprints: Mapping[str, str]) -> dict[Key, Series]:
    """Returns the series whose rule still counts as it did (rule → its fingerprint), and deletes the others."""
    rows = await tx.fetch(queries.series_of, list(homes))
    series, gone = {}, []
    for row in rows:
        key, fits = (row["rule"], row["component"]), (None, fingerprints.get(row["rule"]))
        if row["rule"] in fingerprints and row["fingerprint"] in fits:
            stored = _decode(row["state"])
            window = Window(stored.buckets, stored.watermark)
            series[key] = Series(row["home"], window, stored.state, row["heard_at"], row["spoke_at"], stored.alerts)
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
    """Packs a series; one without alerts as versions did that knew none, so that they can read it."""
    window = series.window.buckets, series.window.watermark, series.state
    return _encode(window if series.alerts == Alerts() else (*window, series.alerts))
