"""Defines the interface a stream feeds: a processor works records into memory first, and into the database at each save."""

from collections.abc import Collection, Sequence
from typing import Protocol

from aiokafka import ConsumerRecord

from shared.postgres import Tx
from shared.streaming.dead_letters import DeadLetter


class Processor(Protocol):
    """Makes something of a topic's records. Whatever raises, `load` follows before anything else."""

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:
        """Discards everything in memory, and loads what the last commit left of these partitions."""

    async def take(self, records: Sequence[ConsumerRecord]) -> list[DeadLetter]:
        """Works records into memory; returns those no retry will mend. It uses at most 50 ms of CPU without an await."""

    def pressing(self) -> bool:
        """Returns True when something must be saved now, even when no record came, and not only at the next checkpoint."""

    async def save(self, tx: Tx) -> None:
        """Stores the effects of the records since the last save; `tx` moves the offsets too."""
