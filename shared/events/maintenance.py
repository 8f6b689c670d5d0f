"""Defines the facts of maintenance, which travel on `incidents.v1`: work on the product that was announced, for whom, and how it goes."""

from typing import Annotated, Any, Literal

from pydantic import Field

from shared.events.envelope import Count, Fact, Id, Payload
from shared.events.lines import Line
from shared.events.moments import Deadline, Moment


class Audience(Payload):
    """Says who is to be told of a maintenance: whoever used the components lately, or customers by what `customers.v1` says of them."""

    used_within_seconds: Annotated[float, Field(gt=0)] | None = None  # who used one of the components so shortly before
    where: dict[str, Any] | None = None  # customers of whom all of this holds, in the condition language: tier, locale, account, …


class Maintenance(Payload):
    """Holds what every fact about a maintenance repeats, of the period that it is about, so that a reader needs no other.

    Facts about one maintenance carry a revision. A reader keeps the highest it took and ignores what does not exceed it.
    """

    maintenance_id: Id
    title: Annotated[str, Line(200)]  # the words for customers
    text: Annotated[str, Line(2000)] = ""
    components: tuple[str, ...] = ()  # empty: all of them
    audience: Audience = Audience()
    starts_at: Deadline  # of this period
    ends_at: Deadline
    zone: str = "UTC"  # IANA: where the people are who do it
    repeat: str | None = None  # RFC 5545 RRULE, in that zone; None: it comes once
    revision: Count = 0  # counts the facts about this maintenance; 0 for the first


class MaintenancePlanned(Fact):
    """Maintenance is announced: its first period, or the next one of a maintenance that repeats."""

    class Data(Maintenance):
        by: str | None = None  # the person who planned it

    type: Literal["forewarn.maintenance.planned.v1"] = "forewarn.maintenance.planned.v1"
    data: Data


class MaintenanceChanged(Fact):
    """A person changed an announced maintenance, or one that runs: what it says now replaces what was said before."""

    class Data(Maintenance):
        by: str | None = None  # the person who changed it

    type: Literal["forewarn.maintenance.changed.v1"] = "forewarn.maintenance.changed.v1"
    data: Data


class MaintenanceStarted(Fact):
    """A period of maintenance has begun: until it ends, trouble of its components opens no incident."""

    class Data(Maintenance):
        pass

    type: Literal["forewarn.maintenance.started.v1"] = "forewarn.maintenance.started.v1"
    data: Data


class MaintenanceEnded(Fact):
    """A period of maintenance is over: trouble that is still there opens an incident from now on."""

    class Data(Maintenance):
        ended_at: Moment

    type: Literal["forewarn.maintenance.ended.v1"] = "forewarn.maintenance.ended.v1"
    data: Data


class MaintenanceCancelled(Fact):
    """A person called a maintenance off, before it began, or while it ran; one that repeats does not come again."""

    class Data(Maintenance):
        cancelled_at: Moment
        by: str  # who called it off

    type: Literal["forewarn.maintenance.cancelled.v1"] = "forewarn.maintenance.cancelled.v1"
    data: Data
