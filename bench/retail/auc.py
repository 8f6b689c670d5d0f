"""How well a score ranks those to whom something happens before those to whom it does not."""

import math
from collections.abc import Sequence


def auc(scores: Sequence[float], happened: Sequence[bool]) -> float:
    """Returns the chance that of two customers, of whom it happened to one, that one has the higher score; equal scores count half.

    It is the Mann-Whitney statistic, computed by ranks. NaN when it happened to all or to none.
    """
    order = sorted(range(len(scores)), key=scores.__getitem__)
    some, others, ranks, begin = sum(happened), len(happened) - sum(happened), 0.0, 0
    while begin < len(order):
        end = begin
        while end < len(order) and scores[order[end]] == scores[order[begin]]:
            end += 1
        ranks += (begin + end + 1) / 2 * sum(happened[row] for row in order[begin:end])
        begin = end
    return (ranks - some * (some + 1) / 2) / (some * others) if some and others else math.nan


def standard_error(area: float, some: int, others: int) -> float:
    """Returns the standard error of an AUC over so many to whom it happened, and others: Hanley, McNeil, Radiology 143 (1982).

    NaN where the AUC is.
    """
    if math.isnan(area):
        return math.nan
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (some - 1) * (one - area**2) + (others - 1) * (two - area**2)
    return math.sqrt(spread / (some * others))
