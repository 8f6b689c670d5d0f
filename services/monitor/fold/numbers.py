"""The numbers that a batch's events say are added to the sketches of their components and buckets. Pure."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.monitor.aggregates.sketch import is_number, range_of
from services.monitor.fold.buckets import Buckets, Cell
from services.monitor.fold.columns import Columns, Share


class Measured(NamedTuple):
    """What a rule measures: the number that stands there in the events it counts."""

    number: str
    width: int  # seconds of a bucket


def measure(columns: Columns, shares: Mapping[str, Share], of: Measured, buckets: Buckets, left_out: Mapping[int, int]) -> None:
    """Adds a batch's numbers, but for those of the rows that are left out. `shares`: the rows where `where` holds, by component."""
    for component, share in shares.items():
        rows = [row for row in share.rows if row not in left_out] if left_out else share.rows
        for start, numbers in _by_start(rows, columns, share, of).items():
            _add(buckets.cell(start, component), numbers)


def _by_start(rows: Sequence[int], columns: Columns, share: Share, of: Measured) -> Mapping[int, Sequence[float]]:
    """Returns the numbers that these rows of a share say, by the start of their bucket."""
    said, start = columns.field(of.number), int(share.earliest) // of.width * of.width
    if share.latest < start + of.width:
        numbers = [each for row in rows if is_number(each := said[row])]
        return {start: numbers} if numbers else {}
    by_start: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        if is_number(number := said[row]):
            by_start[int(columns.ats[row]) // of.width * of.width].append(number)
    return by_start


def _add(cell: Cell, numbers: Sequence[float]) -> None:
    """Adds numbers to a sketch. One that is said often has its range looked for once."""
    sketch = cell.numbers = cell.numbers if cell.numbers is not None else {}
    for number, times in Counter(numbers).items():
        at = range_of(number)
        sketch[at] = sketch.get(at, 0) + times
