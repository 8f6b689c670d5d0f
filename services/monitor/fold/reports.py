"""What the fold reports to the detecting side at each checkpoint. Pure."""

from collections.abc import Iterator, Mapping
from zlib import crc32

from services.monitor.aggregates.counts import Purpose, rule_of
from services.monitor.fold import partials
from services.monitor.fold.partition import Partition
from shared.events import FoldedSeries

SHARDS = 16  # keys of the partials: a component is always in the same one
TOLD_EVERY = 1.0  # seconds of event time: how often an open incident is told how far time has come

Waiting = Mapping[str, frozenset[str]]  # rule → the components that have an open incident of it
NOBODY: frozenset[str] = frozenset()


def shard_of(component: str) -> int:
    return crc32(component.encode()) % SHARDS


def hold(partitions: Mapping[int, Partition], waiting: Waiting) -> None:
    """Keeps the components with an open incident, so that events can show its end."""
    for partition in partitions.values():
        for name, watch in partition.watches.items():
            watch.components.hold(waiting.get(rule_of(name), NOBODY), partition.clock)


def subject_of(shard: int) -> str:
    """Returns the subject and key of a shard's partials."""
    return f"components-{shard}"


class Reports:
    """The reports of one process's partitions, from one checkpoint to the next."""

    def __init__(self) -> None:
        self._told: dict[int, float] = {}  # partition → the event time that open incidents were last told
        self._waiting: Waiting = {}  # whom it was told

    def series(self, partitions: Mapping[int, Partition], waiting: Waiting) -> Iterator[FoldedSeries]:
        """Yields the buckets that changed."""
        for number, partition in partitions.items():
            for rule, watch in partition.watches.items():
                if watch.counting.purpose != Purpose.WINDOW:
                    continue
                wait = waiting.get(rule, NOBODY)
                sketches = watch.buckets.sketches() if watch.counting.number else {}
                for component, buckets in watch.buckets.changes().items():
                    watermark = partition.clock if component in wait else watch.watermarks[component]
                    yield from partials.series(watch.asks, component, number, watermark, buckets, sketches.get(component, {}))

    def clocks(self, partitions: Mapping[int, Partition], waiting: Waiting) -> list[tuple[int, float]]:
        """Returns how far time has come in each partition, for open incidents, since their component may say nothing any more.

        It is told now and then, and at once when one more waits.
        """
        anew = any(components - self._waiting.get(rule, NOBODY) for rule, components in waiting.items())
        self._waiting = waiting
        clocks = []
        for number, partition in partitions.items():
            if anew or partition.clock >= self._told.get(number, 0.0) + TOLD_EVERY:
                self._told[number] = partition.clock
                if partition.clock and waiting:
                    clocks.append((number, partition.clock))
        return clocks
