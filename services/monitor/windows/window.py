"""The sliding window of one rule and component, merged from what each partition saw. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
from msgspec import structs

from services.monitor.aggregates.counts import Counting, Counts
from services.monitor.aggregates.sketch import Sketch, added
from shared.events import Bucket, Sketched

KEPT = 4  # windows of buckets: what comes later than three windows judges none of them again
HORIZON = 600.0  # seconds by which an event may be late, where rules.yml does not say
SUMMED = 62  # partitions below this are added up: a bit each, of a number that every store takes


class Part(msgspec.Struct, array_like=True, frozen=True):
    """The counts of one partition in one bucket. Fields are added at the end, with a default: what older versions stored lacks them."""

    events: int = 0
    bad: int = 0
    customers: int = 0  # whose latest bad event is here
    first_bad: float = 0.0  # event time of the earliest bad event, seconds since the epoch; 0 when it is not known
    numbers: dict[int, int] | None = None  # the sketch of the number that its rule measures


class Beginning(NamedTuple):
    """The beginning of the trouble in a window."""

    bucket: int
    at: float  # event time of its first bad event, seconds since the epoch


Buckets = dict[int, dict[int, Part]]  # bucket → partition → what it saw; or less than 0: the partitions added up, as minus their bits


@dataclass(slots=True)
class Window:
    """Counts per bucket and partition. Counts only grow, so of two reports of a bucket the one that knows more events is the later."""

    buckets: Buckets = field(default_factory=dict)
    watermark: float = 0.0  # the latest event time of any partition, seconds since the epoch

    def merge(
        self, partition: int, watermark: float, reported: Iterable[Bucket], oldest: int = 0, numbers: Iterable[Sketched] = ()
    ) -> int | None:
        """Takes one partition's report, but for what lies before `oldest`; returns the earliest bucket that changed.

        `numbers`: the sketches of its buckets. Reports that come again change nothing.
        """
        self.watermark = max(self.watermark, watermark)
        changed, sketches = [], {start: dict(sketch) for start, sketch in numbers}
        for start, *counts in reported:
            if start < oldest:
                continue
            part, bucket = Part(*counts), self.buckets.setdefault(start, {})
            if start in sketches:
                part = structs.replace(part, numbers=sketches[start])
            if partition not in bucket and _is_summed(bucket, partition):
                continue
            known = bucket.get(partition, Part())
            if part.events >= known.events and part != known:
                bucket[partition] = part
                changed.append(start)
        return min(changed, default=None)

    def ends(self, of: Counting, since: int) -> Iterator[int]:
        """Yields the last buckets of the windows from `since` to the watermark, oldest first; of a silence only the first and the last."""
        width, last = of.width, int(self.watermark) // of.width * of.width
        end = since
        for start in sorted(start for start in self.buckets if start <= last):  # from a clock that is ahead there are later ones
            silent_from = start + of.buckets * width
            if silent_from >= end:
                end = max(end, start)
                while end <= min(silent_from, last):
                    yield end
                    end += width
        if end <= last:
            yield last

    def until(self, of: Counting, end: int) -> float:
        """Returns the event time at which the window that ends with bucket `end` is over: its end, or the watermark within it."""
        return min(float(end + of.width), self.watermark)

    def counts(self, of: Counting, end: int, after: int = 0, seconds: float | None = None) -> Counts:
        """Returns what the window that ends with bucket `end` holds in its buckets later than `after`.

        `seconds`: of the shorter window that is meant.
        """
        if seconds is not None:
            after = max(after, end - -(-int(seconds) // of.width) * of.width)
        events = bad = customers = 0
        for bucket in filter(None, map(self.buckets.get, _starts(of, end, after))):
            for part in bucket.values():
                events += part.events
                bad += part.bad
                customers += part.customers
        return Counts(events, bad, customers)

    def numbers(self, of: Counting, end: int, after: int = 0) -> Sketch:
        """Returns the sketch of all numbers in that window, later than `after`."""
        buckets = filter(None, map(self.buckets.get, _starts(of, end, after)))
        return added(part.numbers for bucket in buckets for part in bucket.values() if part.numbers)

    def beginning(self, of: Counting, end: int, is_dense: Callable[[int], bool], after: int = 0) -> Beginning:
        """Returns where the trouble in that window began, later than `after`: in its first bucket with bad events that is dense.

        When none is, in its first bucket with bad events. `is_dense` is asked by the bucket's start.
        """
        failing = [start for start in _starts(of, end, after) if any(part.bad for part in self.buckets.get(start, {}).values())]
        bucket = next(filter(is_dense, failing), failing[0] if failing else end)
        at = min((part.first_bad for part in self.buckets.get(bucket, {}).values() if part.first_bad), default=float(bucket))
        return Beginning(bucket, min(max(at, bucket), bucket + of.width))

    def settle(self, before: int) -> None:
        """Adds up over partitions the buckets before, which none of their events can reach any more.

        A partition with customers stands for itself: one who fails again later is taken out of the bucket that counts them.
        """
        for start in [start for start, bucket in self.buckets.items() if start < before and len(bucket) > 1]:
            bucket = self.buckets[start]
            done = [at for at, part in bucket.items() if not part.customers and at < SUMMED]
            if len(done) > 1:
                parts = [bucket.pop(at) for at in done]
                bad = [part.first_bad for part in parts if part.first_bad]
                bits = sum(-at if at < 0 else 1 << at for at in done)
                numbers = added(part.numbers for part in parts if part.numbers) or None
                events, bad_events = sum(part.events for part in parts), sum(part.bad for part in parts)
                bucket[-bits] = Part(events, bad_events, 0, min(bad, default=0.0), numbers)

    def forget(self, oldest: int) -> None:
        """Forgets the buckets before."""
        for start in [start for start in self.buckets if start < oldest]:
            del self.buckets[start]


def _is_summed(bucket: Mapping[int, Part], partition: int) -> bool:
    """Says whether what a partition saw is in a sum already."""
    return any(at < 0 and -at >> partition & 1 for at in bucket)


def _starts(of: Counting, end: int, after: int) -> range:
    """Returns the buckets of the window that ends with bucket `end`, oldest first, without those up to `after`."""
    return range(max(end - (of.buckets - 1) * of.width, after + of.width), end + 1, of.width)


def oldest(of: Counting, judged_to: int, horizon: float = HORIZON) -> int:
    """Returns the first bucket that is kept once the window that ends with `judged_to` has been judged.

    One that is cut finely for the shorter windows beside it is kept only for what can still be judged again: for the horizon.
    """
    kept = of.buckets + -(-int(horizon) // of.width) if of.within else KEPT * of.buckets
    return judged_to - (kept - 1) * of.width
