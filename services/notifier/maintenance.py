"""Maintenance that was announced, as the latest fact about it describes it: each time it comes is a period of its own. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.notifier.audience import Customer
from shared.audiences import IsOf, Unreadable, audience_of
from shared.events import MaintenanceCancelled, MaintenanceChanged, MaintenanceEnded, MaintenancePlanned, MaintenanceStarted

Announced = MaintenancePlanned | MaintenanceChanged | MaintenanceStarted | MaintenanceEnded | MaintenanceCancelled

RULE = "maintenance"  # the name under which switches and autonomy know it, as if it were a rule


class PeriodStatus(StrEnum):
    PLANNED = "planned"  # → running, cancelled
    RUNNING = "running"  # → over, cancelled
    OVER = "over"  # final
    CANCELLED = "cancelled"  # final


SAID = ("title", "text", "components", "starts_at", "ends_at")  # what customers are told of it
NEWS = ("news", "news_at", "news_by", "hops")


@dataclass(frozen=True, slots=True)
class Period:
    """One time at which maintenance comes."""

    id: str
    maintenance_id: str
    revision: int  # of the latest fact about the maintenance
    status: PeriodStatus
    title: str
    text: str
    components: tuple[str, ...]  # none: all
    audience: Mapping[str, Any]
    starts_at: datetime
    ends_at: datetime
    called: int  # the revision of the fact that named its audience last
    news: int  # the revision of the latest fact that means something to customers …
    news_at: datetime
    news_by: str  # … and that fact
    hops: int

    @property
    def over(self) -> bool:
        return self.status in (PeriodStatus.OVER, PeriodStatus.CANCELLED)


def period_after(before: Period | None, fact: Announced) -> Period | None:
    """Returns the period that a fact is about, as it is by then; None when the fact is no news. `before`: the latest of its maintenance.

    What is said of a maintenance whose period is over begins the next one: it is named by that revision.
    """
    data = fact.data
    if before is not None and data.revision <= before.revision:
        return None
    begins = before is None or before.over or isinstance(fact, MaintenancePlanned)
    known = None if begins else before
    audience = data.audience.model_dump(mode="json")
    said = {name: getattr(data, name) for name in SAID}
    same = known is not None and isinstance(fact, MaintenanceChanged) and all(getattr(known, name) == said[name] for name in SAID)
    return Period(
        id=known.id if known else f"{data.maintenance_id}/{data.revision}",
        maintenance_id=data.maintenance_id,
        revision=data.revision,
        status=_status(fact, known),
        audience=audience,
        called=known.called if known and known.audience == audience else data.revision,
        **said,
        **{name: getattr(known, name) for name in NEWS} if same else _news(fact),
    )


def _news(fact: Announced) -> dict[str, Any]:
    return {"news": fact.data.revision, "news_at": fact.time, "news_by": fact.id, "hops": fact.hops}


def _status(fact: Announced, known: Period | None) -> PeriodStatus:
    match fact:
        case MaintenanceStarted():
            return PeriodStatus.RUNNING
        case MaintenanceEnded():
            return PeriodStatus.OVER
        case MaintenanceCancelled():
            return PeriodStatus.CANCELLED
        case MaintenanceChanged() if known is not None:
            return known.status
    return PeriodStatus.PLANNED


def whom(period: Period) -> IsOf:
    """Returns whom it is for. Who used a component lately is not known here: such an audience is everybody, as is one without a condition.

    Nobody is told by a condition that cannot be read.
    """
    try:
        return audience_of(period.audience.get("where"))
    except Unreadable:
        return lambda _: False


def is_for(period: Period, customer: Customer) -> bool:
    return whom(period)(customer.attributes)
