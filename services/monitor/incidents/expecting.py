"""The expected events of a history: which of them stay away, by event time alone. Pure.

Live, the table `expected` knows what was heard, and timers look by the wall clock what is overdue: `absences.py`.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from services.monitor.detectors import absence
from services.monitor.detectors.absence import Expected
from services.monitor.incidents.life import moment
from services.monitor.rules.absence import AbsenceRule

Key = tuple[str, str]  # rule, component


class Missed(NamedTuple):
    """An expected event did not come in time. Times are event time, seconds since the epoch."""

    incident_id: str
    due_at: float
    opened_at: float  # when the time and the grace were over, and nothing muted it
    why: dict[str, Any]


class Expecting:
    """What rules expect, from one checkpoint to the next."""

    def __init__(self, rules: Mapping[str, AbsenceRule], named: frozenset[str]) -> None:
        """`named`: the components of the catalog, of which a rule expects events that names none itself."""
        self.rules, self._named = rules, named
        self._expected: dict[Key, Expected] = {}
        self._missing: dict[Key, str] = {}  # what was said to be missing → its incident
        self._put_off: set[Key] = set()  # what is overdue, and has no incident yet
        self._next = -math.inf  # nothing is overdue before; minus infinity: the history has not begun

    def overdue(self, clock: float) -> Iterator[tuple[Key, Missed]]:
        """Yields what has become overdue until `clock`, each once. The first call begins the history: from then on events are expected."""
        if self._next == -math.inf:
            keys = [(rule.id, component) for rule in self.rules.values() for component in sorted(rule.only or self._named)]
            self._expected = {key: Expected(*key, moment(clock)) for key in keys}
        if clock <= self._next:
            return
        for key, expected in self._expected.items():
            rule = self.rules[key[0]]
            if key not in self._missing and (found := absence.judge(rule, expected, moment(clock))) is not None:
                self._missing[key] = found.incident_id
                opened_at = clock if key in self._put_off else (expected.last + rule.waits).timestamp()
                yield key, Missed(found.incident_id, found.due_at.timestamp(), opened_at, absence.figures(rule, expected, rule.waits))
        waiting = (each.last + self.rules[key[0]].waits for key, each in self._expected.items() if key not in self._missing)
        self._next = min((at.timestamp() for at in waiting), default=math.inf)

    def put_off(self, key: Key) -> None:
        """Has what is overdue yielded again the next time, since its incident was not opened."""
        self._missing.pop(key, None)
        self._put_off.add(key)
        self._next = min(self._next, (self._expected[key].last + self.rules[key[0]].waits).timestamp())

    def hear(self, key: Key, at: float, spoke_at: float) -> str | None:
        """Notes that an expected event was counted at `at`; returns the incident that this ends. `spoke_at`: the event's own time."""
        known = self._expected.get(key) or Expected(*key, moment(at))
        latest = max(moment(spoke_at), known.spoke_at or moment(spoke_at))
        self._expected[key] = replace(known, heard_at=max(moment(at), known.last), spoke_at=latest)
        self._next = min(self._next, at + self.rules[key[0]].waits.total_seconds())
        self._put_off.discard(key)
        return self._missing.pop(key, None)
