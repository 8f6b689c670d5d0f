"""Facts of `incidents.v1` and `monitor.partials.v1`: something is wrong, and for whom."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from shared.events.envelope import IMPACT_CHUNK, Fact, Id, Payload, Severity, Why

Bucket = tuple[int, int, int, int]


class FoldedSeries(Payload):
    """What one partition saw of one rule and component. A later report of a bucket replaces an earlier one."""

    rule: str
    component: str
    partition: Annotated[int, Field(ge=0)]  # of the product events
    watermark: float  # the latest event time seen, seconds since the epoch
    buckets: tuple[Bucket, ...]  # (start in epoch seconds, events, bad events, customers failing last in it)


class PartialFolded(Fact):
    """Counts of the components of one shard since a checkpoint; the subject and key is the shard, `components-<n>`."""

    class Data(Payload):
        series: tuple[FoldedSeries, ...]

    type: Literal["forewarn.partial.folded.v1"] = "forewarn.partial.folded.v1"
    data: Data


class Incident(Payload):
    """What every fact about an incident repeats, so that a reader needs no other."""

    incident_id: Id
    rule: str
    component: str
    severity: Severity
    title: str
    started_at: AwareDatetime  # the first bad event of the window that crossed the threshold


class IncidentOpened(Fact):
    """A threshold was crossed: people are affected now."""

    class Data(Incident):
        opened_at: AwareDatetime
        why: Why

    type: Literal["forewarn.incident.opened.v1"] = "forewarn.incident.opened.v1"
    data: Data


class IncidentUpdated(Fact):
    """The incident's size or severity changed enough to say so."""

    class Data(Incident):
        revision: int
        affected: int
        why: Why

    type: Literal["forewarn.incident.updated.v1"] = "forewarn.incident.updated.v1"
    data: Data


class IncidentResolved(Fact):
    """The trouble is over: the ratio stayed below the resolve threshold for long enough."""

    class Data(Incident):
        resolved_at: AwareDatetime
        affected: int
        why: Why

    type: Literal["forewarn.incident.resolved.v1"] = "forewarn.incident.resolved.v1"
    data: Data


class IncidentReopened(Fact):
    """The trouble came back before it was forgotten: the same incident goes on."""

    class Data(Incident):
        reopened_at: AwareDatetime
        revision: int
        why: Why

    type: Literal["forewarn.incident.reopened.v1"] = "forewarn.incident.reopened.v1"
    data: Data


class Affected(Payload):
    """One customer an incident touches, with the evidence."""

    customer_id: Id
    certainty: Literal["confirmed", "likely"]  # confirmed: their own events failed
    first_seen_at: AwareDatetime
    last_seen_at: AwareDatetime
    count: Annotated[int, Field(ge=0)]  # their bad events so far


class IncidentImpact(Fact):
    """Customers newly found to be affected, at most 500 a chunk, while the incident lives."""

    class Data(Payload):
        incident_id: Id
        chunk: Annotated[int, Field(ge=0)]
        customers: Annotated[tuple[Affected, ...], Field(max_length=IMPACT_CHUNK)]

    type: Literal["forewarn.incident.impact.v1"] = "forewarn.incident.impact.v1"
    data: Data
