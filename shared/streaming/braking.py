"""Works one stream's brake (circuit breaker): follows commits and errors, stores it, stops the topic, and looks for its release.

`brake.py` counts and decides; here is what a stream does about it. A topic that others write has no brake: then nothing trips.
"""

import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence

from aiokafka import ConsumerRecord

from shared import metrics
from shared.postgres import Database, Tx
from shared.streaming import brake
from shared.streaming.brake import Brake
from shared.streaming.dead_letters import DeadLetter
from shared.streaming.feed import Feed, runs
from shared.streaming.offsets import Position

log = logging.getLogger(__name__)

LOOKS = 1.0  # seconds between checks for a release and for the topic's end, while the brake is on


class Braking:
    """Holds the brake as the records in memory have left it, and as the last commit left it, which is returned to after an error."""

    def __init__(self, stream: str, topic: str, group: str, feed: Feed, *, has_brake: bool) -> None:
        self.brake = self._at_commit = Brake()
        self.ends: dict[int, int] = {}  # where the topic ends, while the brake is on: a paused consumer is not told
        self._stream, self._topic, self._group, self._feed = stream, topic, group, feed
        self._applies = has_brake
        self._look_at = 0.0
        metrics.BRAKE.labels(topic)

    def take(self, records: Sequence[ConsumerRecord], letters: Collection[DeadLetter]) -> None:
        """Counts the outcomes of records of any partitions; `letters` are those that failed."""
        for run in runs(records) if self._applies else ():
            self.brake.take(run, letters)

    def committed(self, assigned: Iterable[int]) -> None:
        """Takes the brake as it is for what an error returns to; stops the topic when it has tripped."""
        self._at_commit = self.brake.copy()
        if self.brake.tripped:
            log.error("%s: the brake stops %s: %s", self._group, self._topic, self.brake)
            metrics.BRAKE.labels(self._topic).set(1)
            self._feed.pause(list(assigned))

    def forget(self) -> None:
        """Returns to the brake of the last commit."""
        self.brake = self._at_commit.copy()

    async def load(self, tx: Tx, partitions: Sequence[int], ends: Mapping[int, int]) -> None:
        """Recalls what a release said of these partitions; while the brake is on, stores that they are not read."""
        if self.brake.tripped:
            await brake.engage(tx, self._stream, self._topic, partitions, self.brake)
        elif self._applies:
            self.brake.waived = await brake.recall(tx, self._stream, self._topic, partitions, ends)

    async def keep(self, tx: Tx, positions: Mapping[int, Position]) -> None:
        """Stores what the brake has to remember, in the transaction of the records that made it so."""
        if self.brake.tripped:
            await brake.engage(tx, self._stream, self._topic, list(positions), self.brake)
        else:
            passed = self.brake.passed({partition: position.next for partition, position in positions.items()})
            await brake.end(tx, self._stream, self._topic, passed)

    # ── while the topic is stopped ───────────────────────────────────────────────────────────

    @property
    def must_look(self) -> bool:
        """Returns True when the topic is stopped and the next look for a release is due."""
        return self.brake.tripped and time.monotonic() >= self._look_at

    def look_now(self) -> None:
        """Makes the next look for a release due."""
        self._look_at = 0.0

    async def is_released(self, database: Database, assigned: Collection[int]) -> bool:
        """Returns True when an operator has released the brake; otherwise notes where the topic ends by now."""
        self._look_at = time.monotonic() + LOOKS
        async with database.transaction() as tx:
            released = await brake.is_released(tx, self._stream, self._topic, list(assigned))
        if not released:
            self.ends = await self._feed.ends(assigned, LOOKS)
        return released

    def begin_anew(self, assigned: Collection[int]) -> None:
        """Lets the topic be read again with a brake that has counted nothing; loading takes from the rows what the release said."""
        log.warning("%s: the brake of %s is released", self._group, self._topic)
        self.brake = self._at_commit = Brake()
        metrics.BRAKE.labels(self._topic).set(0)
        self._feed.resume(assigned)
