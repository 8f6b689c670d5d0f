"""The numbers that a batch's events say are added to the sketches of their components and buckets. Pure."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from services.monitor.aggregates.sketch import is_number, range_of
from services.monitor.fold.buckets import Buckets
from services.monitor.fold.columns import Columns, Predicate


class Measured(NamedTuple):
    """What a rule measures: the number that stands there in events of which `where` holds, by the component that stands there."""

    number: str
    where: Predicate
    component: str
    width: int  # seconds of a bucket


def measure(columns: Columns, of: Measured, buckets: Buckets, left_out: Mapping[int, int]) -> None:
    """Adds a batch's numbers, but for those of the rows that are left out."""
    components, said, ats = columns.field(of.component), columns.field(of.number), columns.ats
    found = Counter(
        (component, int(ats[row]) // of.width * of.width, range_of(number))
        for row in columns.rows(of.where)
        if is_number(number := said[row]) and type(component := components[row]) is str and row not in left_out
    )
    for (component, start, at), numbers in found.items():
        cell = buckets.cell(start, component)
        if cell.numbers is None:
            cell.numbers = {}
        cell.numbers[at] = cell.numbers.get(at, 0) + numbers
