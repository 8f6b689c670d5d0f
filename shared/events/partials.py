"""Defines the facts of `monitor.partials.v1`, which is internal to monitor: what its folding instances counted."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from shared.events.envelope import Count, Fact, Id, Payload
from shared.events.lines import Line
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


SketchRange = Annotated[int, Field(ge=-1000, le=2000, description="of DDSketch, at an error of 1 %")]
Sketched = tuple[Start, tuple[tuple[SketchRange, Events], ...]]  # a bucket, and how many numbers lie in each range of its sketch


class FoldedSeries(Payload):
    """One partition saw this of one rule and component. A later report of a bucket replaces an earlier one."""

    rule: Id
    component: Id
    partition: Count  # of the product events
    watermark: Seconds  # the latest event time seen, seconds since the epoch
    buckets: Buckets  # (start in epoch seconds, events, bad events, customers failing last in it, first bad event or 0)
    fingerprint: str = ""  # of the rule that counted: what counts, and in which buckets; older versions lack it
    numbers: tuple[Sketched, ...] = ()  # the sketch of each of the buckets, where a rule measures a number; older versions lack them


class FoldedAlert(Payload):
    """An alert of another system was said to fire, or to have ended, and this rule looks at it. Said again, it is the same."""

    rule: Id
    component: Id
    fingerprint: str  # of the rule that looked at it
    key: Id  # which alert it is, from its start to its end
    starts_at: Seconds
    ends_at: Seconds | None  # None: it fires
    said_at: Seconds  # when the event was written to its topic
    name: Annotated[str, Line(255)] = ""
    severity: Annotated[str, Line(255)] | None = None  # in the other system's words
    summary: Annotated[str, Line(1000)] | None = None
    url: Annotated[str, Line(2000)] | None = None


class PartialFolded(Fact):
    """The components of one shard were counted since a checkpoint; the subject and key is the shard, `components-<n>`."""

    class Data(Payload):
        series: tuple[FoldedSeries, ...]
        alerts: tuple[FoldedAlert, ...] = ()  # in the order in which they came; older versions lack them
        # How far the event time of each partition of the product events has come, which open incidents of this shard wait for.
        clocks: tuple[tuple[Count, Seconds], ...] = ()  # older versions lack them, and tell each open incident by itself

    type: Literal["forewarn.partial.folded.v1"] = "forewarn.partial.folded.v1"
    data: Data
