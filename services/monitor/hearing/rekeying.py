"""Re-keying brings a product event to the partition where it belongs when it came by another one.

A customer's distinct events, failure streak and duplicates are known in one place, the home partition of their key, whatever key
and partitioner a producer used. What came by another partition is folded at home directly when this process has the home partition,
and is forwarded there through Kafka when another process has it (`shared/outgoing/forwarding.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from aiokafka import ConsumerRecord

from shared.events import ProductEvent
from shared.outgoing.forwarding import Forward, Forwarded
from shared.streaming.dead_letters import PREFIX

CAME_FROM = PREFIX + "rekeyed"  # a header for each time an event was forwarded: `<partition>/<offset>` it came from
NAMED = PREFIX + "named"  # a header: the customer whose the event is, which was said of another name of theirs; the last one counts
HOPS = 3  # times an event is forwarded at most: while a topic gets more partitions, processes may disagree about homes


class Why(StrEnum):
    """The reasons why an event was not in the partition of its key: a closed list, also a metric's label."""

    NO_KEY = "no_key"
    OTHER_KEY = "other_key"
    ALIAS = "alias"  # the key may be right for the name that the event says, but that is an alias
    OTHER_PARTITIONER = "other_partitioner"  # the key is right, but the partition is not the one Kafka's default partitioner takes


class Way(StrEnum):
    """The ways in which such an event was folded: a closed list, also a metric's label."""

    MEMORY = "memory"  # at home, which this process has
    KAFKA = "kafka"  # forwarded to its home, which another process has
    NONE = "none"  # where it came, since it was forwarded too often, or the broker refuses it


@dataclass(frozen=True, slots=True, eq=False)
class Stray:
    """An event that came by another partition than the home of its key."""

    record: ConsumerRecord
    event: ProductEvent
    time: float  # of the event, seconds since the epoch
    key: bytes
    home: int
    renamed: bool = False  # the event is of another customer than its record says

    @property
    def why(self) -> Why:
        if self.renamed:
            return Why.ALIAS
        if self.record.key is None:
            return Why.NO_KEY
        return Why.OTHER_PARTITIONER if self.record.key == self.key else Why.OTHER_KEY

    @property
    def may_go_on(self) -> bool:
        """Says whether it may be forwarded once more."""
        return [name for name, _ in self.record.headers].count(CAME_FROM) < HOPS

    @property
    def forwarded(self) -> Forwarded:
        """Returns the record as it came, with its key and the place it came from."""
        came_from = (CAME_FROM, f"{self.record.partition}/{self.record.offset}".encode())
        named = ((NAMED, self.key),) if self.renamed else ()
        return Forwarded(self.home, self.key, self.record.value, (*self.record.headers, came_from, *named), self.record.timestamp)


def named_by(record: ConsumerRecord) -> str | None:
    """Returns the customer whose the event of this record is, when a process found that it is said of another name of theirs."""
    named = next((held for name, held in reversed(record.headers) if name == NAMED and held), None)
    return None if named is None else str(named, "utf-8", "replace")


async def forward(strays: Sequence[Stray], by: Forward) -> set[Stray]:
    """Forwards the strays; returns those that the broker refuses. Raises KafkaError when it does not answer."""
    refused = set(await by.send([stray.forwarded for stray in strays]))
    return {stray for stray in strays if stray.forwarded in refused} if refused else set()
