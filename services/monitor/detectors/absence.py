"""The absence detector: an expected event of a component has not come in time, by the wall clock. Pure.

No window shows what is not there, so this detector is asked by time that passes, and judges only up to where everything was read.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.monitor.rules.absence import AbsenceRule
from shared.events import identity


@dataclass(frozen=True, slots=True)
class Expected:
    """One rule and component: the hearing that is to be followed by another one."""

    rule: str
    component: str
    since: datetime  # when the rule began to expect it, on the database's clock
    heard_at: datetime | None = None  # when its last event was counted, on the same clock
    spoke_at: datetime | None = None  # that event's own time

    @property
    def last(self) -> datetime:
        """Returns from when on the time counts: the last event, or the rule's beginning where there was none."""
        return self.heard_at or self.since


@dataclass(frozen=True, slots=True)
class Overdue:
    """An event that did not come."""

    incident_id: str
    due_at: datetime
    why: dict[str, Any]


def judge(rule: AbsenceRule, expected: Expected, read_to: datetime) -> Overdue | None:
    """Says that the event is overdue once all that was there when its time and the grace were over has been read, and it was not there.

    The same absence has the same incident, whoever finds it and however often.
    """
    waited = read_to - expected.last
    if waited <= rule.waits:
        return None
    began = int(expected.last.timestamp() * 1_000_000)
    return Overdue(identity("absence", rule.id, expected.component, began), expected.last + rule.every, figures(rule, expected, waited))


def figures(rule: AbsenceRule, expected: Expected, waited: timedelta) -> dict[str, Any]:
    """Returns how long nothing was heard, against the thresholds."""
    return {
        "unheard_seconds": round(waited.total_seconds(), 3),
        "last_event_at": expected.spoke_at.isoformat() if expected.spoke_at else None,
        "expected_since": expected.since.isoformat(),
        "every_seconds": rule.every.total_seconds(),
        "grace_seconds": rule.grace.total_seconds(),
        "opens_at": {"unheard_seconds": rule.waits.total_seconds()},
        "resolves_below": {"unheard_seconds": rule.waits.total_seconds()},
        "rule_version": rule.version,
    }
