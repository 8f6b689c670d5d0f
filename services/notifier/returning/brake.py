"""The sender's brake stops a channel of which too much comes back, before mailbox providers block the sender for everybody. Pure.

Bounces and complaints are counted against what was sent, over a day at most. Few sends prove nothing. A person may stop a
channel in the same way. What was stopped goes on when a person has looked, and says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field, model_validator

from shared.configuration.files import Config, PositiveDuration

Share = float

CHANNELS = ("email", "sms")  # their providers say what came back


class SenderBrake(Config):
    """The sender's brake: which part of what was sent may come back."""

    over: PositiveDuration = Field(timedelta(hours=24), description="what is counted")
    bounces_from: int = Field(200, ge=1, description="fewer sends say nothing about bounces")
    bounces_warn: Share = Field(0.02, gt=0, le=1, description="alert above this part")
    bounces_pause: Share = Field(0.05, gt=0, le=1, description="stop sending above this part")
    complaints_from: int = Field(1000, ge=1, description="fewer sends say nothing about complaints")
    complaints_warn: Share = Field(0.001, gt=0, le=1, description="alert above this part")
    complaints_pause: Share = Field(0.003, gt=0, le=1, description="stop sending above this part")

    @model_validator(mode="after")
    def _in_order(self) -> "SenderBrake":
        if self.bounces_warn > self.bounces_pause or self.complaints_warn > self.complaints_pause:
            raise ValueError("it pauses before it warns")
        return self

    def enough(self, bounced: int, complained: int) -> int:
        """Returns how many sends need be counted: above so many, no share reaches what it warns of."""
        return max(self.bounces_from, self.complaints_from, int(bounced / self.bounces_warn), int(complained / self.complaints_warn)) + 1


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"  # an operator should look
    PAUSE = "pause"  # only what is critical or asked for is sent


class Cause(StrEnum):
    BOUNCES = "bounces"
    COMPLAINTS = "complaints"
    PERSON = "person"  # nothing was counted: a person stopped it


COUNTED = (Cause.BOUNCES, Cause.COMPLAINTS)


@dataclass(frozen=True, slots=True)
class Counts:
    """What was sent by a channel, and what came back of it."""

    sent: int  # those that came back included
    bounced: int
    complained: int

    def share(self, cause: Cause) -> float:
        came_back = {Cause.BOUNCES: self.bounced, Cause.COMPLAINTS: self.complained}.get(cause, 0)
        return came_back / self.sent if self.sent else 0.0


@dataclass(frozen=True, slots=True)
class Judged:
    """What the counts of a channel mean, and which of them."""

    level: Level
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Paused:
    """A channel that has stopped sending what can wait."""

    channel: str
    since: datetime
    cause: Cause
    counts: Counts


_WORST_FIRST = (Level.PAUSE, Level.WARN)


def judged(counts: Counts, brake: SenderBrake) -> Judged:
    """Returns the worst that the counts mean. At the very limit it is not above it."""
    limits = (
        (Cause.COMPLAINTS, brake.complaints_from, {Level.WARN: brake.complaints_warn, Level.PAUSE: brake.complaints_pause}),
        (Cause.BOUNCES, brake.bounces_from, {Level.WARN: brake.bounces_warn, Level.PAUSE: brake.bounces_pause}),
    )
    for level in _WORST_FIRST:
        for cause, least, above in limits:
            if counts.sent >= least and counts.share(cause) > above[level]:
                return Judged(level, cause)
    return Judged(Level.OK)
