"""Defines the facts of `monitor.partials.v1`, which is internal to monitor: what its folding instances counted."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from shared.events.envelope import Count, Fact, Id, Payload
from shared.events.moments import Seconds, bound_seconds

# A bucket is: start in epoch seconds, events, bad events, customers failing last in it, event time of the first bad event or 0.
# Older versions lack the last one.
Start = Annotated[int, Field(description="seconds since the epoch")]  # bounded as a time, see `_possible`
Events = Annotated[int, Field(ge=0, le=2**53)]
Bucket = tuple[Start, Events, Events, Events] | tuple[Start, Events, Events, Events, float]


def _possible(buckets: tuple[Bucket, ...], info: ValidationInfo) -> tuple[Bucket, ...]:
    """Refuses buckets of a time that cannot be."""
    bound_seconds([*(each[0] for each in buckets), *(each[4] for each in buckets if len(each) == 5 and each[4])], info)
    return buckets


Buckets = Annotated[tuple[Bucket, ...], AfterValidator(_possible)]


class FoldedSeries(Payload):
    """One partition saw this of one rule and component. A later report of a bucket replaces an earlier one."""

    rule: Id
    component: Id
    partition: Count  # of the product events
    watermark: Seconds  # the latest event time seen, seconds since the epoch
    buckets: Buckets  # (start in epoch seconds, events, bad events, customers failing last in it, first bad event or 0)
    fingerprint: str = ""  # of the rule that counted: what counts, and in which buckets; older versions lack it


class PartialFolded(Fact):
    """The components of one shard were counted since a checkpoint; the subject and key is the shard, `components-<n>`."""

    class Data(Payload):
        series: tuple[FoldedSeries, ...]

    type: Literal["forewarn.partial.folded.v1"] = "forewarn.partial.folded.v1"
    data: Data
