"""What was counted under one name of a customer goes over to the customer, whose partition another process may have. Pure."""

from collections.abc import Mapping, Set

import msgspec

from services.monitor.aggregates.moments import Held
from services.monitor.fold.partition import Partition
from services.monitor.fold.tallies import Tally


class Belongings(msgspec.Struct):
    """All that one partition holds of one name, by the key that each rule's view is stored under."""

    tallies: dict[str, dict[str, tuple[float, float, int, int]]] = {}  # by component
    moments: dict[str, Held] = {}


def let_go(partition: Partition, names: Set[str]) -> dict[str, Belongings]:
    """Takes out of the partition what it holds of these names; returns it by name. Of most it holds nothing."""
    held: dict[str, Belongings] = {}
    for watch in partition.watches.values():
        for name, component, tally in watch.let_go(names):
            of_rule = held.setdefault(name, Belongings()).tallies.setdefault(watch.key, {})
            of_rule[component] = tally.first, tally.last, tally.count, tally.home
    for customers in partition.customers.values():
        for name, moments in customers.let_go(names):
            held.setdefault(name, Belongings()).moments[customers.key] = moments
    return held


def take_in(partition: Partition, customer: str, belongings: Belongings) -> None:
    """Adds them to what the partition holds of the customer. What another rule counted, which is no more, is left out."""
    for watch in partition.watches.values():
        for component, tally in belongings.tallies.get(watch.key, {}).items():
            watch.join(component, customer, Tally(*tally))
    for customers in partition.customers.values():
        if (moments := belongings.moments.get(customers.key)) is not None:
            customers.join(customer, moments)


def touched(belongings: Mapping[str, Belongings]) -> list[tuple[str, str, str]]:
    """Returns where each name was counted: the name, the rule's view, the component."""
    return [(name, view, component) for name, each in belongings.items() for view, of in each.tallies.items() for component in of]
