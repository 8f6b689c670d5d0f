"""A decision about a notification is a value with its reason and its figures: send, hold or suppress. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.notifier.audience import Contact
from services.notifier.deciding.policy import Policy
from services.notifier.notification import Reason
from services.notifier.situation import Situation

Why = dict[str, Any]


class Waiting(StrEnum):
    """The reasons why it is decided later: a closed list, also a metric's label."""

    EARLY = "early"  # a ticket said that the incident is over, and the incident itself does not say so yet
    BEHIND = "behind"  # monitor reads old events: what it finds may be over
    HOLD_DOWN = "hold_down"  # the incident has begun just now, and may be over soon
    UNKNOWN_CUSTOMER = "unknown_customer"  # the directory does not know the customer yet
    PAUSED = "paused"  # too much of what the channel sent came back
    SWITCHED_OFF = "switched_off"  # a kill switch or a brake is thrown
    UNAPPROVED = "unapproved"  # a person is to approve of the audience
    QUIET_HOURS = "quiet_hours"  # it is night where the customer is
    DIGEST = "digest"  # they were told something just now: what follows is told together
    SPREAD = "spread"  # so many are told in this minute already


@dataclass(frozen=True, slots=True)
class Send:
    """The customer is told, at this address."""

    contact: Contact
    why: Why


@dataclass(frozen=True, slots=True)
class Hold:
    """It is decided again later."""

    until: datetime
    reason: Waiting
    why: Why
    awaits_incident: bool = False  # and at once when monitor says more about the incident


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The customer is not told."""

    reason: Reason
    why: Why
    awaits_incident: bool = False  # until monitor says that the incident is failing now


Rule = Callable[[Situation, Policy], Suppressed | Hold | None]


def seconds(duration: timedelta) -> float:
    """Returns a duration as the figures of a decision have it."""
    return round(duration.total_seconds(), 3)


def pause(situation: Situation, at_least: timedelta, at_most: timedelta) -> datetime:
    """Returns when to look again for what may never come: less and less often, a quarter of the time that it has waited."""
    return situation.now + min(max(situation.waited / 4, at_least), at_most)
