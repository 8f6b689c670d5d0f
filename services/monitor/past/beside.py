"""What is known beside the events of the past: when maintenance ran, and of which tiers customers are. Pure.

Facts say it, or for events of a file another file says when maintenance was.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import takewhile
from typing import Annotated

from pydantic import AwareDatetime, Field, field_validator, model_validator

from services.monitor.incidents.maintenance import Period, Plan, is_zone, refusal_of
from services.monitor.incidents.muting import Quiet
from shared.configuration.files import Config
from shared.events import (
    CustomerErased,
    CustomerUpdated,
    Fact,
    MaintenanceCancelled,
    MaintenanceChanged,
    MaintenanceEnded,
    MaintenancePlanned,
    MaintenanceStarted,
)

OF_MAINTENANCE = (MaintenancePlanned, MaintenanceChanged, MaintenanceStarted, MaintenanceEnded, MaintenanceCancelled)
OF_CUSTOMERS = (CustomerUpdated, CustomerErased)


class Maintained(Config):
    """Is one maintenance of the past."""

    starts_at: AwareDatetime = Field(description="when it began, the first time")
    ends_at: AwareDatetime
    components: Annotated[tuple[str, ...], Field(max_length=1000)] = Field((), description="none: all of them")
    repeat: Annotated[str, Field(max_length=500)] | None = Field(None, description="an RRULE (RFC 5545), should it have come again")
    zone: str = "UTC"

    @property
    def plan(self) -> Plan:
        return Plan(Period(self.starts_at, self.ends_at), self.repeat, self.zone)

    @field_validator("zone")
    @classmethod
    def _is_known(cls, zone: str) -> str:
        if not is_zone(zone):
            raise ValueError("there is no such zone: IANA names them, as in Europe/Berlin")
        return zone

    @model_validator(mode="after")
    def _can_be_meant(self) -> "Maintained":
        if (wrong := refusal_of(self.plan)) is not None:
            raise ValueError(wrong)
        return self


class MaintenanceFile(Config):
    """The file says when maintenance was, for events that come from a file."""

    maintenance: list[Maintained]

    def periods(self, until: datetime) -> list[Quiet]:
        """Returns all periods that began up to that moment."""
        return sorted(
            (
                Quiet(f"maintenance {number}", period.starts_at, period.ends_at, frozenset(each.components))
                for number, each in enumerate(self.maintenance, 1)
                for period in takewhile(lambda period: period.starts_at <= until, each.plan.comes())
            ),
            key=lambda each: (each.starts_at, each.maintenance_id),
        )


def periods_of(facts: Iterable[Fact]) -> list[Quiet]:
    """Returns when maintenance ran by what was said of it, in any order and any number of copies."""
    said = {(fact.data.maintenance_id, fact.data.revision): fact for fact in facts if isinstance(fact, OF_MAINTENANCE)}
    periods: dict[tuple[str, datetime], Quiet] = {}
    planned: dict[str, datetime] = {}  # maintenance → the beginning of a period that has not begun
    for (id_, _), fact in sorted(said.items()):
        if (before := planned.pop(id_, None)) is not None and not isinstance(fact, MaintenanceStarted):
            del periods[id_, before]
        match fact:
            case MaintenancePlanned():
                planned[id_], ends_at = fact.data.starts_at, fact.data.ends_at
            case MaintenanceChanged():
                if (id_, fact.data.starts_at) not in periods:
                    planned[id_] = fact.data.starts_at
                ends_at = fact.data.ends_at
            case MaintenanceEnded():
                ends_at = fact.data.ended_at
            case MaintenanceCancelled() if before is not None:
                continue
            case MaintenanceCancelled():
                ends_at = fact.data.cancelled_at
            case _:
                ends_at = fact.data.ends_at
        period = Quiet(id_, fact.data.starts_at, ends_at, frozenset(fact.data.components))
        periods[id_, period.starts_at] = period
    return sorted(periods.values(), key=lambda each: (each.starts_at, each.maintenance_id))


def tiers_of(facts: Iterable[Fact]) -> Mapping[str, str]:
    """Returns the tier of each customer who has one, as it was said last."""
    tiers: dict[str, str] = {}
    latest: dict[str, datetime] = {}
    for fact in facts:
        if isinstance(fact, OF_CUSTOMERS) and fact.time >= latest.get(fact.subject, fact.time):
            latest[fact.subject] = fact.time
            tiers.pop(fact.subject, None)
            if isinstance(fact, CustomerUpdated) and fact.data.tier:
                tiers[fact.subject] = fact.data.tier
    return tiers
