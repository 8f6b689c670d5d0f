"""A sketch of numbers: how many lie in each of many ranges, so that any percentile of them is known within 1 % of itself. Pure.

It is DDSketch: Masson, Rim, Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees",
VLDB 2019, https://arxiv.org/abs/1908.10693. Each range ends a constant factor above the one before. Sketches add up, and do not depend on
the order of their numbers: what comes again, or is counted in pieces, has the same percentiles.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

ERROR = 0.01  # of a percentile at most, as a share of it
LEAST, MOST = 1e-6, 1e12  # what is below counts as 0, what is above as the most: 2,073 ranges in all
FACTOR = (1 + ERROR) / (1 - ERROR)

_STEP = math.log(FACTOR)
_LOWEST = math.ceil(math.log(LEAST) / _STEP)

Sketch = Mapping[int, int]  # range → how many numbers lie in it


def is_number(said: Any) -> bool:
    """Says whether a field of an event is a number that has a place; true and false have none."""
    return type(said) is int or (type(said) is float and not math.isnan(said))


def range_of(number: float) -> int:
    """Returns the range that a number lies in."""
    return math.ceil(math.log(min(number, MOST)) / _STEP) if number > LEAST else _LOWEST


def added(sketches: Iterable[Sketch]) -> dict[int, int]:
    """Returns the sketch of the numbers of all."""
    sums: dict[int, int] = {}
    for sketch in sketches:
        for at, numbers in sketch.items():
            sums[at] = sums.get(at, 0) + numbers
    return sums


def percentile(sketch: Sketch, percent: float) -> float | None:
    """Returns the number that so many percent of the numbers do not exceed (the nearest rank); None when there are none.

    It is no more than `ERROR` away from the true one.
    """
    left = math.ceil(round(sum(sketch.values()) * percent / 100, 9))
    for at in sorted(sketch):
        left -= sketch[at]
        if left <= 0:
            return _middle(at)
    return None


def _middle(at: int) -> float:
    """Returns the number that no other of the range is further away from than `ERROR`, as a share of either."""
    return 0.0 if at <= _LOWEST else 2 * math.exp(at * _STEP) / (FACTOR + 1)
