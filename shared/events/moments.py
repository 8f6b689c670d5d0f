"""Bounds the moments in facts: whoever wrote a fact, its times are checked where it is read. Knows no clock.

A reader passes its clock as the validation's context (`shared/cloudevents.py`). A fact that is made here, and not read, is not
bounded: its times come from events and facts that were.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypedDict

from pydantic import AfterValidator, AwareDatetime, ValidationInfo
from pydantic_core import PydanticCustomError

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)  # a clock may be wrong; a year is a mistake
PROMISED = timedelta(days=3653)  # ten years: how far ahead a promise may lie
ABSURD = "absurd_time"  # the type of pydantic's error
TOO_FAR = "before 2000 or more than a day ahead"
FIRST = EARLIEST.timestamp()
FIRST_DAY = EARLIEST.toordinal()


class Reading(TypedDict):
    """Is the context in which a fact is read."""

    now: datetime
    today: int  # the day of `now` in UTC, as `toordinal` counts days


def reading_at(now: datetime) -> Reading:
    """Returns the context of what is read now."""
    return Reading(now=now, today=now.astimezone(UTC).toordinal())


def bound_seconds(said: Sequence[float], info: ValidationInfo) -> None:
    """Refuses seconds since the epoch that are out of bounds: raises what pydantic makes an error of."""
    if info.context and said and not FIRST <= min(said) <= max(said) <= (info.context["now"] + AHEAD).timestamp():
        raise PydanticCustomError(ABSURD, TOO_FAR)


def _moment(said: datetime, info: ValidationInfo) -> datetime:
    # Days are compared first: two moments with offsets take Python 0.2 µs, and each customer of an incident has two.
    if not info.context or (FIRST_DAY <= said.toordinal() <= info.context["today"] and not said.utcoffset()):
        return said
    if not EARLIEST <= said <= info.context["now"] + AHEAD:
        raise PydanticCustomError(ABSURD, TOO_FAR)
    return said


def _deadline(said: datetime, info: ValidationInfo) -> datetime:
    if info.context and not EARLIEST <= said <= info.context["now"] + PROMISED:
        raise PydanticCustomError(ABSURD, "before 2000 or more than ten years ahead")
    return said


def _seconds(said: float, info: ValidationInfo) -> float:
    bound_seconds([said], info)
    return said


Moment = Annotated[AwareDatetime, AfterValidator(_moment)]  # when something happened
Deadline = Annotated[AwareDatetime, AfterValidator(_deadline)]  # until when something is promised
Seconds = Annotated[float, AfterValidator(_seconds)]  # a moment as seconds since the epoch
