"""What the fold reports to the detecting side at each checkpoint. Pure."""

from collections.abc import Collection, Iterator, Mapping, Set
from zlib import crc32

from services.monitor.aggregates.counts import Purpose, rule_of
from services.monitor.fold import partials
from services.monitor.fold.partition import Partition
from services.monitor.fold.watch import Watch
from shared.events import FoldedSeries

SHARDS = 16  # keys of the partials: a component is always in the same one
TOLD_EVERY = 1.0  # seconds of event time: how often an open incident is told how far time has come

Series = tuple[str, str]  # rule, component
Waiting = Mapping[str, Set[str]]  # rule → the components that have an open incident of it
NOBODY: frozenset[str] = frozenset()


def shard_of(component: str) -> int:
    return crc32(component.encode()) % SHARDS


def hold(partitions: Mapping[int, Partition], waits: Collection[Series], rests: Collection[Series]) -> None:
    """Keeps the components with an open incident, so that events can show its end.

    `waits`: those that have one now; `rests`: those that have none any more.
    """
    for partition in partitions.values() if waits or rests else ():
        watches: dict[str, list[Watch]] = {}
        for name, watch in partition.watches.items():
            watches.setdefault(rule_of(name), []).append(watch)
        for rule, component in waits:
            for watch in watches.get(rule, ()):
                watch.components.hold(component)
        for rule, component in rests:
            for watch in watches.get(rule, ()):
                watch.components.release(component, partition.clock)


def subject_of(shard: int) -> str:
    """Returns the subject and key of a shard's partials."""
    return f"components-{shard}"


class Reports:
    """The reports of one process's partitions, from one checkpoint to the next."""

    def __init__(self) -> None:
        self._told: dict[int, float] = {}  # partition → the event time that open incidents were last told

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

    def clocks(self, partitions: Mapping[int, Partition], *, anew: bool) -> list[tuple[int, float]]:
        """Returns how far time has come in each partition, for open incidents, since their component may say nothing any more.

        It is told now and then; `anew`: in every partition, since one more incident waits.
        """
        clocks = []
        for number, partition in partitions.items():
            if partition.clock and (anew or partition.clock >= self._told.get(number, 0.0) + TOLD_EVERY):
                self._told[number] = partition.clock
                clocks.append((number, partition.clock))
        return clocks
