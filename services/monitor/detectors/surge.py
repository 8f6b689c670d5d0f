"""The surge detector: more distinct customers complain of a component than chance explains at this hour of the week. Pure.

How many write within a window is taken for Poisson with a rate that is itself uncertain, a Gamma distribution learned from the same hours
of the weeks before. What is then expected of a window is negative binomial (Gelman et al., Bayesian Data Analysis, 3rd edition, 2.6), so
that little history makes the test cautious. A week counts half as much as one `HALF_LIFE` weeks later. Hours of the week are those of UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, lgamma, log, log1p
from typing import Any

from services.monitor.rules.surge import SurgeRule

HOUR, WEEK = 3600, 168  # seconds of an hour, hours of a week
WEEKS = 8  # of history that are looked at
HALF_LIFE = 4.0  # weeks
NOTHING = 1e-18  # a probability below what a sum of them can show


@dataclass(frozen=True, slots=True)
class History:
    """The complaints about one component before: distinct customers by the hour (hours since the epoch)."""

    hours: Mapping[int, int]
    known_since: float  # seconds since the epoch: the first complaint that is known, about whatever component


@dataclass(frozen=True, slots=True)
class Usual:
    """The rate of a window as it is known: a Gamma distribution of this shape and rate."""

    shape: float
    rate: float

    @property
    def mean(self) -> float:
        """Returns how many customers are expected."""
        return self.shape / self.rate


@dataclass(frozen=True, slots=True)
class Rising:
    """One judgement of one window."""

    rises: bool
    why: dict[str, Any]  # figures against thresholds


def judge(rule: SurgeRule, customers: int, history: History, at: float) -> Rising:
    """Judges the window that ends at `at`, seconds since the epoch, in which so many distinct customers complained."""
    known = usual(rule, history, at)
    chance = tail(customers, known)
    why = {
        "customers": customers,
        "expected": round(known.mean, 3),
        "chance": float(f"{chance:.3g}"),
        "window_seconds": rule.window.total_seconds(),
        "opens_at": {"customers": rule.open.customers, "chance": rule.open.chance},
        "rule_version": rule.version,
    }
    return Rising(customers >= rule.open.customers and chance <= rule.open.chance, why)


def usual(rule: SurgeRule, history: History, at: float) -> Usual:
    """Returns what is known of such a window: a week's worth of the component's mean, and what the same hours of past weeks had."""
    window = rule.window.total_seconds()
    weeks = min(max((at - window - history.known_since) / (WEEK * HOUR), 0.0), float(WEEKS))
    begun = at - window - weeks * WEEK * HOUR
    before = sum(count for hour, count in history.hours.items() if begun <= hour * HOUR < at - window)
    mean = (rule.usual + before * window / (WEEK * HOUR)) / (1.0 + weeks)
    shape, rate = mean, 1.0
    for back in range(1, int(weeks) + 1):
        weight = 0.5 ** ((back - 1) / HALF_LIFE)
        shape += weight * _within(history.hours, at - back * WEEK * HOUR, window)
        rate += weight
    return Usual(shape, rate)


def _within(hours: Mapping[int, int], until: float, window: float) -> float:
    """Returns how many are expected of the window by these hours, each by the part of it that the window covers."""
    since = until - window
    covered = range(int(since // HOUR), int(-(-until // HOUR)))
    return sum(hours.get(hour, 0) * (min(until, (hour + 1) * HOUR) - max(since, hour * HOUR)) / HOUR for hour in covered)


def tail(customers: int, known: Usual) -> float:
    """Returns the probability of so many customers or more by chance, of the negative binomial distribution."""
    stays, ends = log(known.rate) - log1p(known.rate), -log1p(known.rate)
    below = 0.0
    for number in range(customers):
        term = exp(lgamma(number + known.shape) - lgamma(known.shape) - lgamma(number + 1) + known.shape * stays + number * ends)
        below += term
        if number > known.mean and term < NOTHING:  # beyond the mean terms only fall
            return 0.0
    return max(1.0 - below, 0.0)
