"""Where a stream stands in each partition: the table is the truth, moved by a compare-and-set in the transaction of the effects."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared import metrics
from shared.postgres import Tx

log = logging.getLogger(__name__)

WHERE = "SELECT partition, next FROM offsets WHERE stream = $1 AND topic = $2 AND partition = ANY ($3::int[])"
BEGIN = "INSERT INTO offsets (stream, topic, partition, next) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
ADVANCE = """UPDATE offsets SET next = moved.next
    FROM unnest($3::int[], $4::bigint[], $5::bigint[]) AS moved (partition, expected, next)
    WHERE stream = $1 AND topic = $2 AND offsets.partition = moved.partition AND offsets.next = moved.expected"""


class Fenced(Exception):
    """Another instance has moved this partition's offset: what was done here must not count."""


@dataclass(slots=True)
class Position:
    """Where one partition stands."""

    committed: int  # what the table says: the compare of the compare-and-set
    next: int  # what comes after the last record taken into memory
    gap: int = -1  # an offset that came too early: believed only when a seek brings it again

    @property
    def moved(self) -> bool:
        return self.next != self.committed


async def load(
    tx: Tx, stream: str, topic: str, partitions: Sequence[int], begins: Mapping[int, int], ends: Mapping[int, int]
) -> dict[int, Position]:
    """Where to go on in each partition. `begins` and `ends` are what the broker has, where that was asked; new partitions begin there."""
    await tx.executemany(BEGIN, [(stream, topic, partition, begin) for partition, begin in begins.items()])
    stored = {row["partition"]: row["next"] for row in await tx.fetch(WHERE, stream, topic, partitions)}
    return {
        partition: Position(offset, _start(f"{topic}/{partition}", topic, offset, begins.get(partition, 0), ends.get(partition, offset)))
        for partition, offset in stored.items()
    }


def _start(where: str, topic: str, stored: int, begin: int, end: int) -> int:
    """The table's offset, unless the broker no longer has it."""
    if stored > end:
        log.error("%s ends at %d but was read to %d: the topic was made anew, reading from its start", where, end, stored)
        return begin
    if stored < begin:
        log.error("%s: %d records were deleted before they were read", where, begin - stored)
        metrics.GAPS.labels(topic).inc(begin - stored)
        return begin
    return stored


async def advance(tx: Tx, stream: str, topic: str, positions: Mapping[int, Position]) -> None:
    """Moves each partition from where this instance believes it is. Raises Fenced when one is elsewhere."""
    committed, to = [position.committed for position in positions.values()], [position.next for position in positions.values()]
    status = await tx.execute(ADVANCE, stream, topic, list(positions), committed, to)
    if status != f"UPDATE {len(positions)}":
        raise Fenced(f"{topic} {sorted(positions)}: {status}")
