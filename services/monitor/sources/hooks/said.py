"""Holds what a webhook says: alerts, events, and how much of it is left out. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from services.monitor.aggregates.alerts import AlertStatus
from services.monitor.sources.hooks.model import Hook
from services.monitor.sources.hooks.signatures import Check, Headers
from shared.mapping.turning import Ready, Refused

Paths = Mapping[str, Any]  # what the hook's templates are read from


@dataclass(frozen=True, slots=True)
class Reported:
    """Is an alert as another system reports it; the hook says which component it is of.

    Where that system does not say with each message since when it fires and of what, `is_recalled`: then `memory.py` knows it by its key.
    """

    paths: Paths
    key: str
    name: str
    status: AlertStatus
    starts_at: datetime | None = None  # recalled, or now
    ends_at: datetime | None = None  # of one that has ended; recalled, or now
    is_recalled: bool = False
    severity: str | None = None
    summary: str | None = None
    url: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Happened:
    """Is an event as another system tells it, with that system's own id, so that it counts once however often it is sent."""

    paths: Paths
    id: str
    type: str
    time: datetime
    subject: str | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """Is all that a request says; `left_out` counts what its kind does not take, by reason, and `truncated` what its sender cut off."""

    what: Sequence[Reported | Happened | Ready | Refused] = ()
    left_out: Counter[str] = field(default_factory=Counter)
    truncated: int = 0
    answer: Mapping[str, str] = field(default_factory=dict)  # what this kind's senders expect beside our own words


class Read(Protocol):
    """Reads the JSON of a body. Raises Undecodable."""

    def __call__(self, said: Any, headers: Headers, body: bytes, now: datetime) -> Said: ...


@dataclass(frozen=True)
class Kind:
    """Is what one kind of hook does: judges signatures, reads bodies, and says where components and customers usually stand."""

    check: Callable[[Hook], Check]
    read: Callable[[Hook], Read]
    component: tuple[str, ...] = ()
    customer: tuple[str, ...] = ()


def usual(check: Check, read: Read, component: tuple[str, ...] = (), customer: tuple[str, ...] = ()) -> Kind:
    """Returns a kind of which every hook checks and reads alike."""
    return Kind(lambda hook: check, lambda hook: read, component, customer)  # noqa: ARG005
