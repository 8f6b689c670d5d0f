"""Moments of one customer: when the latest events were that make trouble, and when the latest one was that ends it.

What trouble is, a rule says: to one that looks for silence, each sign of life is one.

Both are the same in whatever order events come, and however often: the latest end is a maximum, and the latest so many moments after it
are those of the whole set. So is the amount of a moment, the greatest of its events.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec

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
class Amount:
    """Where an event says a number that is remembered with its moment. Below 0 it is 0."""

    field: str
    otherwise: float  # of an event that says none


@dataclass(frozen=True)
class Following:
    """What is to be remembered of each customer: the events that make trouble, and those that end it."""

    troubles: Matching
    ends: Matching | None
    most: int  # how many of the latest troubles are remembered
    kept: float  # seconds of event time for which a customer is remembered after their last trouble
    fingerprint: str  # what is remembered under another one belongs to another rule
    grain: float = 0.0  # troubles of the same so many seconds are one, as of their beginning; 0: each is one
    amount: Amount | None = None  # only of troubles that nothing ends


class Follows(Protocol):
    """Whoever wants customers followed, as a rule does."""

    @property
    def id(self) -> str: ...

    @property
    def following(self) -> Following: ...


class Moments(msgspec.Struct, array_like=True, gc=False):
    """The moments of one customer, as they are stored too. There may be millions, so the garbage collector does not look at them."""

    ended: float = 0.0  # event time of the latest event that ends trouble; 0: none is known
    troubles: tuple[Moment, ...] = ()  # after that; in order
    amounts: tuple[float, ...] = ()  # of each trouble, if the rule wants them

    def trouble(self, at: float, identity: int, most: int) -> bool:
        """Takes one event that makes trouble; says whether it changed anything. One that is known changes nothing."""
        if at <= self.ended or (len(self.troubles) == most and (at, identity) < self.troubles[0]):
            return False
        if not self.troubles:
            self.troubles = ((at, identity),)
            return True
        if any(known == identity for _, known in self.troubles):
            return False
        self.troubles = tuple(sorted([*self.troubles, (at, identity)])[-most:])
        return True

    def weigh(self, at: float, identity: int, most: int, amount: float) -> bool:
        """Takes one event that makes trouble, with its amount; says whether it changed anything. Of a moment the greatest amount counts."""
        index = bisect_left(self.troubles, (at, identity))
        if self.troubles[index : index + 1] == ((at, identity),):
            if amount <= self.amounts[index]:
                return False
            self.amounts = (*self.amounts[:index], amount, *self.amounts[index + 1 :])
            return True
        if not self.trouble(at, identity, most):
            return False
        self.amounts = (*self.amounts[:index], amount, *self.amounts[index:])[-most:]
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
        left = tuple(each for each in self.troubles if each[0] > at)
        return Moments(self.ended, left, self.amounts[len(self.troubles) - len(left) :])

    @property
    def latest(self) -> float:
        """Returns the event time of the latest of all."""
        return max(self.ended, self.troubles[-1][0] if self.troubles else 0.0)


class Held(NamedTuple):
    """The moments of one customer that go over to another name."""

    ended: float
    troubles: tuple[Moment, ...]
    amounts: tuple[float, ...] = ()


StoredMoments = Mapping[str, Moments]  # by customer
