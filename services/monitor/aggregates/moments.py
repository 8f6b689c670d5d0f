"""Moments of one customer: when the latest events were that make trouble, and when the latest one was that ends it.

What trouble is, a rule says: to one that looks for silence, each sign of life is one.

Both are the same in whatever order events come, and however often: the latest end is a maximum, and the latest so many moments after it
are those of the whole set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.conditions import Condition

Moment = tuple[float, int]  # event time, seconds since the epoch; the event's identity, since two may share a moment


@dataclass(frozen=True)
class Matching:
    """The events of these types of which `where` and `also` hold, but for those of which `where` and `but` hold."""

    events: frozenset[str]
    where: Condition
    also: Condition | None = None
    but: Condition | None = None


@dataclass(frozen=True)
class Following:
    """What is to be remembered of each customer: the events that make trouble, and those that end it."""

    troubles: Matching
    ends: Matching | None
    most: int  # how many of the latest troubles are remembered
    kept: float  # seconds of event time for which a customer is remembered after their last trouble
    fingerprint: str  # what is remembered under another one belongs to another rule
    grain: float = 0.0  # troubles of the same so many seconds are one, as of their beginning; 0: each is one


class Follows(Protocol):
    """Whoever wants customers followed, as a rule does."""

    @property
    def id(self) -> str: ...

    @property
    def following(self) -> Following: ...


@dataclass(slots=True)
class Moments:
    """The moments of one customer."""

    ended: float = 0.0  # event time of the latest event that ends trouble; 0: none is known
    troubles: tuple[Moment, ...] = ()  # after that; in order

    def trouble(self, at: float, identity: int, most: int) -> bool:
        """Takes one event that makes trouble; says whether it changed anything. One that is known changes nothing."""
        if at <= self.ended or (len(self.troubles) == most and (at, identity) < self.troubles[0]):
            return False
        if any(known == identity for _, known in self.troubles):
            return False
        self.troubles = tuple(sorted([*self.troubles, (at, identity)])[-most:])
        return True

    def end(self, at: float) -> bool:
        """Takes one event that ends trouble; says whether it changed anything."""
        if at <= self.ended:
            return False
        self.ended = at
        if self.troubles:
            self.troubles = tuple(each for each in self.troubles if each[0] > at)
        return True

    def after(self, at: float) -> "Moments":
        """Returns what is left without the troubles up to that time."""
        return Moments(self.ended, tuple(each for each in self.troubles if each[0] > at))

    @property
    def latest(self) -> float:
        """Returns the event time of the latest of all."""
        return max(self.ended, self.troubles[-1][0] if self.troubles else 0.0)


StoredMoments = Mapping[str, tuple[float, tuple[Moment, ...]]]  # customer → their moments' fields, as they are stored
