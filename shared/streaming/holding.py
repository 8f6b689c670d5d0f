"""Watches for partitions that somebody else's open transaction blocks: which, for how long, and whose transaction it is."""

import logging
import time
from dataclasses import dataclass

from shared import metrics
from shared.connecting.brokers import Brokers
from shared.observing.measuring import Figures
from shared.stream import Stream
from shared.streaming.feed import Feed
from shared.streaming.transactions import owner

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two looks at what the consumer knows
TOLD_AFTER = 10.0  # seconds at one place; a product that writes in transactions ends each sooner


@dataclass
class Hold:
    """Says that a partition's readers have read all before `offset`, where a transaction began at `since` (monotonic) or earlier."""

    offset: int
    since: float
    whose: str = ""


class Holding:
    """Watches what blocks one stream."""

    def __init__(self, stream: Stream, brokers: Brokers) -> None:
        self._stream, self._brokers = stream, brokers
        self._feed = Feed(lambda: stream.at_brokers, lambda: stream.consumer())  # noqa: PLW0108  it is set later
        self._holds: dict[int, Hold] = {}
        self._gauge = metrics.HOLD_AGE.labels(stream.topic)

    def figures(self) -> Figures:
        return Figures(f"what holds {self._stream.topic}", self.look, [self._gauge], every=EVERY)

    def trouble(self) -> str | None:
        """Describes the partition that has been blocked longest; None when none is blocked for longer than a transaction takes."""
        now = time.monotonic()
        told = [(hold.since, partition, hold) for partition, hold in self._holds.items() if now - hold.since >= TOLD_AFTER]
        if not told:
            return None
        since, partition, hold = min(told)
        return f"partition {partition} is held at offset {hold.offset} by an open transaction for {now - since:.0f} s: {hold.whose}"

    async def look(self) -> None:
        """Asks the consumer, and the brokers about a block that lasts."""
        now = time.monotonic()
        held = await self._feed.held(self._stream.assigned or ())
        self._holds = {
            partition: known if (known := self._holds.get(partition)) and known.offset == offset else Hold(offset, now)
            for partition, offset in held.items()
        }
        self._gauge.set(max((now - hold.since for hold in self._holds.values()), default=0.0))
        for partition, hold in self._holds.items():
            if not hold.whose and now - hold.since >= TOLD_AFTER:
                hold.whose = "nobody could be asked whose it is"
                hold.whose = str(await owner(self._brokers, self._stream.topic, partition, hold.offset) or "no broker knows whose it is")
                log.warning("%s: partition %d is held at offset %d: %s", self._stream.group, partition, hold.offset, hold.whose)
