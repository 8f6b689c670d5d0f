"""Whom an incident touches, as the partitions of one process know it: who is looked for, and when. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from services.monitor.aggregates.counts import USES, Purpose, rule_of
from services.monitor.fold.partition import Partition
from services.monitor.fold.reports import Waiting
from services.monitor.fold.tallies import Tally
from services.monitor.fold.watch import Watch

Certainty = Literal["confirmed", "likely"]
Partitions = Mapping[int, Partition]


@dataclass(frozen=True, slots=True)
class RecentIncident:
    """The part of an incident that a folding instance must know."""

    id: str
    rule: str
    component: str
    started_at: datetime
    resolved_at: datetime | None  # when it ended; None while it is open
    shadow: bool = False  # of a rule on trial: whom it touches is written down, and nobody is told
    merged_into: str | None = None  # the open incident that touches its customers instead

    @property
    def touching(self) -> str:
        """Returns the id of the incident that touches whom this one finds."""
        return self.merged_into or self.id


Incidents = Mapping[tuple[str, str], Sequence[RecentIncident]]  # by rule and component


def by_series(incidents: Sequence[RecentIncident]) -> Incidents:
    """Returns the incidents by what they are of."""
    found: dict[tuple[str, str], list[RecentIncident]] = {}
    for incident in incidents:
        found.setdefault((incident.rule, incident.component), []).append(incident)
    return found


def waiting_in(incidents: Incidents) -> Waiting:
    """Returns the components with an open incident, by rule."""
    found: dict[str, set[str]] = {}
    for (rule, component), each in incidents.items():
        if any(incident.resolved_at is None for incident in each):
            found.setdefault(rule, set()).add(component)
    return {rule: frozenset(components) for rule, components in found.items()}


@dataclass(slots=True)
class Search:
    """The search for the customers that incidents touch, from one checkpoint to the next."""

    _searched: set[str] = field(default_factory=set)  # incidents for which the past of these partitions was looked through
    _likely: dict[str, set[str]] = field(default_factory=dict)  # incident → who is known to be touched by it, likely at least

    def touching(self, partitions: Partitions, incidents: Incidents) -> list[RecentIncident]:
        """Returns those that may touch somebody new: not looked for yet, or of a component with failures since the last checkpoint."""
        failed = {
            (rule_of(name), component)
            for partition in partitions.values()
            for name, watch in partition.watches.items()
            for component in watch.tallies.failed
        }
        found = [each for at in failed & incidents.keys() for each in incidents[at]]
        known = self._searched | {each.id for each in found}
        recent = [each for at in incidents.values() for each in at]
        self._searched &= {each.id for each in recent}
        self._likely = {incident: known for incident, known in self._likely.items() if incident in self._searched}
        return sorted(found + [each for each in recent if each.id not in known], key=lambda each: each.id)

    def affected(self, partitions: Partitions, incident: RecentIncident) -> Iterator[tuple[str, tuple[Tally, Certainty]]]:
        """Yields at first everybody who failed since the window before the opening, then those who failed since the last checkpoint.

        So it does of those who used the component. Each of them is likely touched, once, unless they are confirmed.
        """
        until = incident.resolved_at.timestamp() if incident.resolved_at else math.inf
        searched = incident.id in self._searched
        self._searched.add(incident.id)
        confirmed: set[str] = set()
        for watch in _watches_of(partitions, incident.rule):
            since = incident.started_at.timestamp() - watch.counting.shortest
            failed = watch.tallies.failed.get(incident.component, ()) if searched else None
            touched = watch.affected(incident.component, failed, since, until)
            if watch.counting.purpose == Purpose.USES:
                known = self._likely.setdefault(incident.id, set())
                new = {customer: tally for customer, tally in touched if customer not in known and customer not in confirmed}
                known.update(new)
                yield from ((customer, (tally, "likely")) for customer, tally in new.items())
            else:
                for customer, tally in touched:
                    confirmed.add(customer)
                    yield customer, (tally, "confirmed")


def _watches_of(partitions: Partitions, rule: str) -> Iterator[Watch]:
    """Yields what is counted for the rule in each partition: failures before uses, since all of a customer is in one partition."""
    for partition in partitions.values():
        yield from (watch for name in (rule, rule + USES) if (watch := partition.watches.get(name)) is not None)
