"""The section `quiet_hours` of notifications.yml: the time of day at which customers are left alone, by their own clocks. Pure."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from shared.configuration.files import Config

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
UNKNOWN = frozenset({"", "UTC"})  # customers.v1 says UTC where a product says nothing, and nobody lives there
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Day(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


_WEEK = tuple(Day)


class QuietHours(Config):
    """What is not urgent waits until they are over. A clock that is put back or forward moves them with it."""

    begins: Clock = Field(alias="from", description="the time of day at which they begin, by the customer's clock: 22:00")
    ends: Clock = Field(alias="to", description="and at which they end; before the other, it is that of the next day: 07:00")
    zone_default: str = Field("UTC", description="the IANA zone of customers whose own is not known, or is given as UTC")
    days: tuple[Day, ...] = Field(_WEEK, min_length=1, description="the days on which they begin: mon, tue, wed, thu, fri, sat, sun")

    @field_validator("zone_default")
    @classmethod
    def _exists(cls, name: str) -> str:
        if _zone(name) is None:
            raise ValueError(f"{name[:40]!r} is no IANA zone, as in Europe/Berlin")
        return name

    @model_validator(mode="after")
    def _last(self) -> "QuietHours":
        if self.begins == self.ends:
            raise ValueError("quiet hours that end when they begin would last for ever, or not at all")
        return self

    def zone(self, name: str) -> ZoneInfo:
        """Returns the zone of a customer of whom the directory says this name."""
        known = None if name in UNKNOWN else _zone(name)
        return known or _zone(self.zone_default) or ZoneInfo("UTC")

    def until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Returns the first moment at which they are over; None when they are not now.

        A clock that is put forward over their end ends them; one that is put back out of them, too.
        """
        at = now
        while self._cover(local := at.astimezone(zone)):
            end = at + self._left(local)
            at = end if end.astimezone(zone).utcoffset() == local.utcoffset() else _change(at, end, zone)
        return None if at == now else at

    def _cover(self, local: datetime) -> bool:
        clock, (begins, ends) = local.time(), self._times
        if begins < ends:
            return begins <= clock < ends and self._on(local)
        return (clock >= begins and self._on(local)) or (clock < ends and self._on(local - DAY))

    def _on(self, local: datetime) -> bool:
        return _WEEK[local.weekday()] in self.days

    def _left(self, local: datetime) -> timedelta:
        """Returns how long they still last by a clock that is not changed meanwhile."""
        clock = local.replace(tzinfo=None)
        return (datetime.combine(clock, self._times[1]) - clock) % DAY

    @property
    def _times(self) -> tuple[time, time]:
        return _TIMES[self.begins], _TIMES[self.ends]


_TIMES: Mapping[str, time] = {f"{minute // 60:02}:{minute % 60:02}": time(minute // 60, minute % 60) for minute in range(24 * 60)}


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    """Returns the zone; None when there is no such one. What is asked for may be anything that a product says."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _change(after: datetime, by: datetime, zone: ZoneInfo) -> datetime:
    """Returns when the zone's offset changes, which is another at the moment `by` than at `after`: to the second, as zones have it."""
    before = after.astimezone(zone).utcoffset()
    low, high = after.replace(microsecond=0), by.replace(microsecond=0) + SECOND
    while high - low > SECOND:
        middle = low + (high - low) // SECOND // 2 * SECOND
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
