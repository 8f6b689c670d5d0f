"""Alerts of other systems are looked at one by one, and told as they are: what they mean is decided where incidents are. Pure.

An alert is a state that is said again and again, not an event to be counted: neither its age nor that it came before matters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.monitor.aggregates.alerts import ALERT_REPORTED
from services.monitor.fold.watch import NOT_OURS, REFUSED, TAKEN, Watch
from shared.conditions import reader, tests_of
from shared.events import FoldedAlert, ProductEvent
from shared.events.moments import AHEAD, FIRST

LONGEST = 255  # characters of a component's name, and of an alert's key


@dataclass(frozen=True, slots=True)
class Reported:
    """What an event says of an alert. Times are seconds since the epoch."""

    key: str
    starts_at: float
    ends_at: float | None  # None: it fires
    data: Mapping[str, Any]


class Alerts:
    """The alerts of one partition, as the rules on alerts want them told."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        """`watches`: of the rules on alerts. They keep whom alerts name, and how many components there may be."""
        self.told: list[FoldedAlert] = []  # since the last checkpoint, in the order in which they came
        self._looks = [
            (watch, reader(watch.counting.component), [(reader(path), test) for path, test in tests_of(watch.counting.where)])
            for watch in watches
        ]

    def ask_for(self, type_: str) -> bool:
        """Says whether events of this type are looked at here."""
        return type_ == ALERT_REPORTED and bool(self._looks)

    def take(self, event: ProductEvent, said_at: float, now: float) -> int:
        """Returns what becomes of the event: NOT_OURS also when it says no alert that can be. `said_at`: when it was written."""
        reported, fate = reported_by(event, now), NOT_OURS
        if reported is None:
            return fate
        for watch, component_of, tests in self._looks:
            component, only = component_of(event), watch.counting.only
            if type(component) is not str or not 0 < len(component) <= LONGEST or (only and component not in only):
                continue
            if not all(test(read(event)) for read, test in tests):
                continue
            if not watch.report(component, said_at):
                fate = max(fate, REFUSED)
                continue
            if event.subject is not None and reported.ends_at is None:
                watch.name(component, event.subject, min(reported.starts_at, said_at))
            self.told.append(_folded(watch, component, reported, said_at))
            fate = TAKEN
        return fate

    def take_told(self) -> list[FoldedAlert]:
        """Returns what is to be told at a checkpoint, and forgets it."""
        told, self.told = self.told, []
        return told


def reported_by(event: ProductEvent, now: float) -> Reported | None:
    """Returns what the event says of an alert; None when it has no key or status, or a time that cannot be."""
    data = event.data if type(event.data) is dict else {}
    key, status = data.get("key"), data.get("status")
    if type(key) is not str or not 0 < len(key) <= LONGEST or status not in ("firing", "resolved"):
        return None
    ended = status == "resolved"
    starts_at = _seconds(data.get("starts_at"), event.time)
    ends_at = _seconds(data.get("ends_at"), event.time) if ended else None
    latest = now + AHEAD.total_seconds() / 2  # so that a reader whose clock is behind takes it, too
    if starts_at is None or (ended and ends_at is None):
        return None
    if not FIRST <= starts_at <= latest or (ends_at is not None and not FIRST <= ends_at <= latest):
        return None
    return Reported(key, starts_at, ends_at, data)


def _seconds(said: object, otherwise: datetime) -> float | None:
    """Returns the moment; the other one when nothing is said, and None when it is no moment with an offset."""
    if said is None:
        return otherwise.timestamp()
    try:
        moment = datetime.fromisoformat(said) if isinstance(said, str) else None
        return None if moment is None or moment.tzinfo is None else moment.timestamp()
    except (ValueError, OverflowError):
        return None


def _folded(watch: Watch, component: str, reported: Reported, said_at: float) -> FoldedAlert:
    words = {name: said for name in ("name", "severity", "summary", "url") if isinstance(said := reported.data.get(name), str)}
    return FoldedAlert(
        rule=watch.asks.id,
        component=component,
        fingerprint=watch.counting.fingerprint,
        key=reported.key,
        starts_at=reported.starts_at,
        ends_at=reported.ends_at,
        said_at=said_at,
        **words,
    )
