"""Counts of a window: events, bad events, and distinct customers with bad events."""

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any, Protocol

from services.monitor.aggregates.sketch import ERROR
from shared.conditions import Condition, as_written

BUCKETS = 15  # a window is cut into 15 to 29 buckets of whole seconds; a short one into as many as it has seconds
FINE = 5  # where shorter windows are looked at beside it, the shortest is cut into 5 to 9


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of a window: how many events it holds, and how many of them are bad."""

    events: int = 0
    bad: int = 0
    customers: int = 0  # distinct, with bad events

    @property
    def ratio(self) -> float:
        return self.bad / self.events if self.events else 0.0


class Purpose(StrEnum):
    """What is done with what is counted."""

    WINDOW = "window"  # windows of it are judged; who has bad events is affected
    ALERTS = "alerts"  # nothing is counted: each alert is told, and whom it names is affected
    USES = "uses"  # whoever has events is likely affected; every event is taken as a bad one


@dataclass(frozen=True)
class Counting:
    """What is to be counted: these events by component and bucket, those of them that are bad, and the customers these are of."""

    events: frozenset[str]  # the types that count
    where: Condition
    component: str  # where an event says its component
    only: frozenset[str]  # the components to be looked at; empty: all
    bad: Condition
    window: float  # seconds
    at_least: int = 1  # bad events in a row after which a customer is affected
    within: tuple[int, ...] = ()  # shorter windows that end with it and are looked at beside it, in seconds
    purpose: Purpose = Purpose.WINDOW
    number: str | None = None  # where an event says a number, of which a sketch is kept beside the counts

    @cached_property
    def width(self) -> int:
        """Returns how many seconds one bucket has."""
        return max(int(self.shortest) // (FINE if self.within else BUCKETS), 1)

    @cached_property
    def buckets(self) -> int:
        """Returns how many buckets one window has."""
        return -(-int(self.window) // self.width)

    @property
    def shortest(self) -> float:
        """Returns how long the shortest window is that is looked at, in seconds."""
        return min(self.within, default=self.window)

    @cached_property
    def fingerprint(self) -> str:
        """Returns what decides what is counted, and where, in one word: counts under another one are other counts."""
        counting: dict[str, Any] = {
            "events": sorted(self.events),
            "where": as_written(self.where),
            "bad": as_written(self.bad),
            "component": self.component,
            "window": [self.width, self.buckets],
        }
        if self.only:  # one without it counts as versions did that did not know it
            counting["only"] = sorted(self.only)
        if self.number is not None:
            counting["number"] = [self.number, ERROR]
        return sha256(json.dumps(counting, sort_keys=True).encode()).hexdigest()[:12]


class Asks(Protocol):
    """Whoever wants something counted, as a rule does."""

    @property
    def id(self) -> str: ...

    @property
    def counting(self) -> Counting: ...


USES = ":uses"  # stands behind a rule's id, which has no colon


def rule_of(name: str) -> str:
    """Returns the id of the rule that wants what is counted under this name."""
    return name.removesuffix(USES)


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that is wanted counted, by its name."""

    id: str
    counting: Counting
