"""Keeps where a stream stands in each partition: the table is the truth, moved by a compare-and-set in the transaction of the effects."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from asyncpg import Record

from shared import metrics
from shared.postgres import Tx

log = logging.getLogger(__name__)

WHERE = "SELECT partition, next, topic_id FROM offsets WHERE stream = $1 AND topic = $2 AND partition = ANY ($3::int[])"
BEGIN = "INSERT INTO offsets (stream, topic, partition, next, topic_id) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
IDENTIFY = "UPDATE offsets SET next = $4, topic_id = $5 WHERE stream = $1 AND topic = $2 AND partition = $3"
# This is the compare-and-set: it moves only the partitions that stand where this instance believes they do.
ADVANCE = """UPDATE offsets SET next = moved.next
    FROM unnest($3::int[], $4::bigint[], $5::bigint[]) AS moved (partition, expected, next)
    WHERE stream = $1 AND topic = $2 AND offsets.partition = moved.partition AND offsets.next = moved.expected"""


class Fenced(Exception):
    """Another instance has moved this partition's offset (an optimistic concurrency failure): what was done here must not count."""


@dataclass(slots=True)
class Position:
    """Says where one partition stands."""

    committed: int  # what the table says: the compare of the compare-and-set
    next: int  # what comes after the last record taken into memory
    gap: int = -1  # an offset that came too early: it counts only when a seek brings it again

    @property
    def moved(self) -> bool:
        return self.next != self.committed


@dataclass(frozen=True)
class Log:
    """Says what the broker has of a topic: the first and the next offset by partition, and the topic's id.

    It is empty when the broker was not asked.
    """

    begins: Mapping[int, int] = field(default_factory=dict)
    ends: Mapping[int, int] = field(default_factory=dict)
    topic_id: str | None = None


async def load(tx: Tx, stream: str, topic: str, partitions: Sequence[int], has: Log) -> dict[int, Position]:
    """Returns where to go on in each partition.

    New partitions, and those of another topic of the same name, begin where the broker's do.
    """
    await tx.executemany(BEGIN, [(stream, topic, partition, begin, has.topic_id) for partition, begin in has.begins.items()])
    stored = {row["partition"]: row["next"] for row in await _of_this_topic(tx, stream, topic, partitions, has)}
    return {partition: Position(offset, _start(topic, partition, offset, has)) for partition, offset in stored.items()}


async def _of_this_topic(tx: Tx, stream: str, topic: str, partitions: Sequence[int], has: Log) -> Sequence[Record]:
    """Returns the rows, after resetting those of another topic of this name to the start of this one, where their offsets mean nothing.

    A row from before ids were kept is taken for this topic's.
    """
    rows = await tx.fetch(WHERE, stream, topic, partitions)
    if has.topic_id is None:
        return rows
    others = [row for row in rows if row["topic_id"] not in (None, has.topic_id)]
    if others:
        log.error("%s is not the topic it was: %d partitions are read from their start", topic, len(others))
    known = [(row["partition"], row["next"]) for row in rows if row["topic_id"] is None]
    again = [(row["partition"], has.begins.get(row["partition"], 0)) for row in others]
    if not known + again:
        return rows
    await tx.executemany(IDENTIFY, [(stream, topic, partition, offset, has.topic_id) for partition, offset in known + again])
    return await tx.fetch(WHERE, stream, topic, partitions)


def _start(topic: str, partition: int, stored: int, has: Log) -> int:
    """Returns the table's offset, unless the broker no longer has it."""
    where, begin, end = f"{topic}/{partition}", has.begins.get(partition, 0), has.ends.get(partition, stored)
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
