"""The tables that say how far monitor has read: the moment itself, committed offsets, facts that wait in the outbox."""

from datetime import datetime
from pathlib import Path

import msgspec

from services.monitor.windows.progress import Probe
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(Probe).decode


async def read_to(tx: Tx) -> tuple[datetime | None, Probe | None]:
    """Returns how far monitor reads, and the probe under way. Both are locked until `tx` ends."""
    [row] = await tx.fetch(queries.read_to)
    return row["read_to"], _decode(row["probe"]) if row["probe"] else None


async def keep_read_to(tx: Tx, moment: datetime | None, probe: Probe | None) -> None:
    """Stores how far monitor reads, and the probe under way."""
    await tx.execute(queries.keep_read_to, moment, _encode(probe) if probe else None)


async def offsets(tx: Tx) -> dict[str, dict[int, int]]:
    """Returns how far both streams are committed: topic → partition → the next offset."""
    committed: dict[str, dict[int, int]] = {}
    for row in await tx.fetch(queries.offsets):
        committed.setdefault(row["topic"], {})[row["partition"]] = row["next"]
    return committed


async def oldest_unsent(tx: Tx) -> datetime | None:
    """Returns since when the oldest message in the outbox waits; None when none does."""
    written_at: datetime | None = await tx.fetchval(queries.oldest_unsent)
    return written_at


async def forwarded(tx: Tx) -> int:
    """Returns how many product events were forwarded to other partitions so far."""
    events: int = await tx.fetchval(queries.forwarded)
    return events
