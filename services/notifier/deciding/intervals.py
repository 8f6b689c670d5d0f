"""How certain a rate is that was measured on so many customers, and the difference of two rates. Pure."""

from dataclasses import dataclass
from math import hypot, sqrt
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)  # of intervals that hold the true rate in 95 of 100 cases


@dataclass(frozen=True, slots=True)
class Rate:
    """A part of many, and the interval in which the true one lies."""

    count: int
    of: int
    rate: float
    low: float
    high: float


def wilson(count: int, of: int) -> Rate | None:
    """Returns the rate with its score interval; None of nobody.

    E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927), 209 to 212. It holds for small
    numbers and for rates near 0, where the usual one does not: Brown, Cai and DasGupta, Statistical Science 16 (2001), 101 to 133.
    """
    if of == 0:
        return None
    rate, square = count / of, Z * Z
    middle = (rate + square / (2 * of)) / (1 + square / of)
    half = Z * sqrt(rate * (1 - rate) / of + square / (4 * of * of)) / (1 + square / of)
    return Rate(count, of, rate, max(middle - half, 0.0), min(middle + half, 1.0))


def difference(first: Rate, second: Rate) -> tuple[float, float, float]:
    """Returns how much larger the first rate is, and the interval of that, from those of both.

    R. G. Newcombe, Interval Estimation for the Difference between Independent Proportions, Statistics in Medicine 17 (1998), 873 to 890,
    method 10.
    """
    apart = first.rate - second.rate
    low = apart - hypot(first.rate - first.low, second.high - second.rate)
    high = apart + hypot(first.high - first.rate, second.rate - second.low)
    return apart, low, high
