"""The names of customers as a walk through the past learns them, which has all partitions and no store. Pure.

It remembers every name that the history has said.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from services.monitor.aliases.claims import Claim
from services.monitor.aliases.edges import Edges
from services.monitor.aliases.linking import Link, link
from services.monitor.fold.keying import home_of
from services.monitor.fold.moving import let_go, take_in, touched
from services.monitor.fold.partition import Partition
from shared.events import ProductEvent


class Naming:
    """Knows the names that events have said so far."""

    def __init__(self, partitions: Mapping[int, Partition]) -> None:
        self._partitions, self._edges = partitions, Edges(sys.maxsize)
        self._links: dict[str, Link] = {}
        self.learned: frozenset[str] = frozenset()  # names that turned out to be another customer's, at the last checkpoint
        self._names: dict[str, set[str]] = defaultdict(set)  # of each customer; some may be another's by now

    @property
    def any(self) -> bool:
        """Says whether any name is known."""
        return bool(self._links)

    def place(self, event: ProductEvent, partition: int) -> tuple[ProductEvent, int]:
        """Returns the event as its customer's, and the partition where it is folded; `partition`: where it was read."""
        said = event.subject
        if said is None or said not in self._edges.of:
            return event, partition
        name = self._edges.follow(said, event.time.timestamp(), lambda name: self._partitions[self._home(name)].has_counted(event))
        return (event, partition) if name == said else (replace(event, subject=name), self._home(name))

    def settle(self) -> list[tuple[str, str, str]]:
        """Learns what was said since the last checkpoint, and brings over what was counted under the names.

        Returns where it was counted: the name, the rule's view, the component.
        """
        claims = [claim for partition in self._partitions.values() for claim in partition.claims]
        for partition in self._partitions.values():
            partition.claims = []
        changed = link(self._around(claims), claims).changed if claims else {}
        self._links |= changed
        self.learned = frozenset(changed)
        for each in changed.values():
            self._names[each.customer].add(each.alias)
            self._edges.put(each.alias, each.leads_to, each.since, each.before)
        return [place for partition in self._partitions.values() for place in self._bring_over(partition, changed)] if changed else []

    def _bring_over(self, partition: Partition, links: Mapping[str, Link]) -> list[tuple[str, str, str]]:
        held = let_go(partition, links.keys())
        for alias, belongings in held.items():
            customer = links[alias].leads_to
            take_in(self._partitions[self._home(customer)], customer, belongings)
        return touched(held)

    def _around(self, claims: Iterable[Claim]) -> dict[str, Link]:
        """Returns the links of the names in the claims, and of all other names of the same customers."""
        names = {name for each in claims for name in (each.alias, each.customer)}
        ends = names | {self._links[name].customer for name in names & self._links.keys()}
        names.update(*(self._names.get(end, ()) for end in ends))
        return {name: self._links[name] for name in names & self._links.keys()}

    def _home(self, name: str) -> int:
        return home_of(name.encode(), len(self._partitions))
