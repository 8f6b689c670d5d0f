"""The sliding window of one rule and component, merged from what each partition saw. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from services.monitor.detectors.ratio import Counts
from services.monitor.rules import RatioRule
from shared.events import Bucket

KEPT = 4  # windows of buckets: what comes later than three windows judges none of them again

Buckets = dict[int, dict[int, tuple[int, int, int]]]  # bucket → partition → (events, bad events, customers)


@dataclass(slots=True)
class Window:
    """Counts per bucket and partition. Counts only grow, so of two reports of a bucket the one that knows more events is the later."""

    buckets: Buckets = field(default_factory=dict)
    watermark: float = 0.0  # the latest event time of any partition, seconds since the epoch

    def merge(self, partition: int, watermark: float, reported: Iterable[Bucket], oldest: int = 0) -> int | None:
        """Takes one partition's report, but for what lies before `oldest`; returns the earliest bucket that changed.

        Reports that come again change nothing.
        """
        self.watermark = max(self.watermark, watermark)
        changed = []
        for start, events, bad, customers, *_ in reported:
            if start < oldest:
                continue
            known = self.buckets.setdefault(start, {}).get(partition, (0, 0, 0))
            if events >= known[0] and known != (events, bad, customers):
                self.buckets[start][partition] = events, bad, customers
                changed.append(start)
        return min(changed, default=None)

    def ends(self, rule: RatioRule, since: int) -> Iterator[int]:
        """The last buckets of the windows from `since` to the watermark, oldest first; through a silence only the first and the last."""
        width, last = rule.width, int(self.watermark) // rule.width * rule.width
        end = since
        for start in sorted(start for start in self.buckets if start <= last):  # from a clock that is ahead there are later ones
            silent_from = start + rule.buckets * width
            if silent_from >= end:
                end = max(end, start)
                while end <= min(silent_from, last):
                    yield end
                    end += width
        if end <= last:
            yield last

    def counts(self, rule: RatioRule, end: int) -> Counts:
        """What the window that ends with bucket `end` holds."""
        events = bad = customers = 0
        for start in range(end - (rule.buckets - 1) * rule.width, end + 1, rule.width):
            for of_partition in self.buckets.get(start, {}).values():
                events += of_partition[0]
                bad += of_partition[1]
                customers += of_partition[2]
        return Counts(events, bad, customers)

    def started(self, rule: RatioRule, end: int) -> int:
        """Where the trouble in that window began: its first bucket at or above the opening ratio, else its first with bad events."""
        first_bad = end
        for start in range(end, end - rule.buckets * rule.width, -rule.width):
            if any(bad for _, bad, _ in self.buckets.get(start, {}).values()):
                first_bad = start
        for start in range(first_bad, end + 1, rule.width):
            parts = self.buckets.get(start, {}).values()
            events, bad = sum(part[0] for part in parts), sum(part[1] for part in parts)
            if events and bad / events >= rule.open.ratio:
                return start
        return first_bad

    def forget(self, oldest: int) -> None:
        """Lets go of the buckets before."""
        for start in [start for start in self.buckets if start < oldest]:
            del self.buckets[start]


def oldest(rule: RatioRule, judged_to: int) -> int:
    """The first bucket that is kept once the window that ends with `judged_to` has been judged."""
    return judged_to - (KEPT * rule.buckets - 1) * rule.width
