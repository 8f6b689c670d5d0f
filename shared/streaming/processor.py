"""What a stream feeds: whoever makes something of a topic's records, in memory first and in the database at each save."""

from collections.abc import Collection, Sequence
from typing import Protocol

from aiokafka import ConsumerRecord

from shared.postgres import Tx
from shared.streaming.dead_letters import DeadLetter


class Processor(Protocol):
    """Whatever raises, `load` follows before anything else."""

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:
        """Forgets everything in memory, and recalls what the last commit left of these partitions."""

    async def take(self, records: Sequence[ConsumerRecord]) -> list[DeadLetter]:
        """Works records into memory; returns those no retry will mend. At most 50 ms of CPU without an await."""

    def pressing(self) -> bool:
        """Whether there is something to save now, even when no record came, and not only at the next checkpoint."""

    async def save(self, tx: Tx) -> None:
        """Writes down what the records since the last save amount to; `tx` moves the offsets too."""
