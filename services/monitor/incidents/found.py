"""The incidents that rules find in a history, and what several days, or two sets of rules, come to. Pure.

Times are event time, seconds since the epoch.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.monitor.incidents.impact import Certainty
from services.monitor.incidents.life import moment


@dataclass(slots=True)
class Touched:
    """The evidence that an incident touches one customer."""

    first: float
    last: float
    count: int  # bad events; of a likely one events
    certainty: Certainty = "confirmed"


@dataclass(slots=True)
class Joining:
    """One of several rules that find an incident's trouble."""

    started_at: float  # of the first bad event
    failing: bool = True  # whether it still finds it


@dataclass(slots=True)
class Found:
    """One incident that the rules find."""

    id: str
    rule: str
    component: str
    started_at: float  # of the first bad event
    opened_at: float  # how far time had come when it was found
    why: Mapping[str, Any]  # the figures that opened it
    ended_at: float | None = None  # None: it was still open when the history ended
    customers: dict[str, Touched] = field(default_factory=dict)
    severity: str = "high"  # as bad as the rules that find it say, and whom it touches
    joined: dict[str, Joining] = field(default_factory=dict)  # where several rules find its trouble: each of them by its id

    @property
    def messages(self) -> int:
        """Returns how many notifications it would be: one that it opened to each customer it touches, and one of its end."""
        return len(self.customers) * (1 if self.ended_at is None else 2)

    @property
    def rules(self) -> frozenset[str]:
        """Returns the rules that find its trouble."""
        return frozenset({self.rule, *self.joined})


@dataclass(slots=True)
class Day:
    """What one rule found of the incidents that opened on one day, in UTC."""

    incidents: int = 0
    messages: int = 0
    customers: set[str] = field(default_factory=set)  # whom they touch, each once

    def add(self, found: Found) -> None:
        self.incidents += 1
        self.messages += found.messages
        self.customers |= found.customers.keys()


def by_day(found: Iterable[Found]) -> dict[tuple[str, date], Day]:
    """Returns what was found by rule and day, in this order."""
    days: dict[tuple[str, date], Day] = {}
    for each in found:
        days.setdefault((each.rule, moment(each.opened_at).date()), Day()).add(each)
    return dict(sorted(days.items()))


@dataclass(frozen=True, slots=True)
class Difference:
    """The incidents that two sets of rules find in the same history: as a pair those of one component that share a rule and some time."""

    both: tuple[tuple[Found, Found], ...]
    only_before: tuple[Found, ...]
    only_after: tuple[Found, ...]


def difference(before: Sequence[Found], after: Sequence[Found]) -> Difference:
    """Pairs each incident with the first of the same component that a rule of it found, too, and that overlaps it in time."""
    rest, both, only_before = list(after), [], []
    for each in before:
        same = next((other for other in rest if _overlap(each, other)), None)
        if same is None:
            only_before.append(each)
        else:
            rest.remove(same)
            both.append((each, same))
    return Difference(tuple(both), tuple(only_before), tuple(rest))


def _overlap(one: Found, other: Found) -> bool:
    if one.component != other.component or not one.rules & other.rules:
        return False
    return one.started_at <= (other.ended_at or math.inf) and other.started_at <= (one.ended_at or math.inf)
