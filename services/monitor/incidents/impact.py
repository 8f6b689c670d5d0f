"""Whom an incident touches, as the partitions of one process know it: who is looked for, and when. Pure."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from services.monitor.aggregates.counts import USES, Purpose, rule_of
from services.monitor.fold.partition import Partition
from services.monitor.fold.tallies import Tally
from services.monitor.fold.watch import Watch
from services.monitor.incidents.known import Known, Moved, RecentIncident

Certainty = Literal["confirmed", "likely"]
Partitions = Mapping[int, Partition]


@dataclass(slots=True)
class Search:
    """The search for the customers that incidents touch, from one checkpoint to the next."""

    _searched: set[str] = field(default_factory=set)  # incidents for which the past of these partitions was looked through
    _likely: dict[str, set[str]] = field(default_factory=dict)  # incident → who is known to be touched by it, likely at least

    def touching(self, partitions: Partitions, known: Known, moved: Moved) -> list[RecentIncident]:
        """Returns those that may touch somebody new: not looked for yet, or of a component with failures since the last checkpoint."""
        failed = {
            (rule_of(name), component)
            for partition in partitions.values()
            for name, watch in partition.watches.items()
            for component in watch.tallies.failed
        }
        for incident in moved.gone:
            self._searched.discard(incident)
            self._likely.pop(incident, None)
        found = {each.id: each for each in moved.fresh if each.id not in self._searched}
        for at in failed:
            found |= known.of.get(at, {})
        return sorted(found.values(), key=lambda each: each.id)

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
