"""The visits of one customer, how much they weigh, and by what chance the customer makes none for a time.

The chances are those of two models of customers who come by chance, at rates that differ between them as a gamma distribution does:
`bg_nbd`, in which a customer may leave for good after each visit, and `discounted`, in which their rate drifts. What is known
of a customer without history (`RATE`, `PACE`, `LEAVES`, `STAYS`) was published for 2,357 customers of a shop:
Fader, Hardie, Lee, "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model, Marketing Science 24 (2005), table 2.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.monitor.aggregates.moments import Moments
from services.monitor.rules.visits import VisitsRule

WEEK = 7 * 86_400.0
RATE, PACE = 0.243, 4.414 * WEEK  # r and α of the gamma distribution of rates
LEAVES, STAYS = 0.793, 2.426  # a and b of the beta distribution of the chance to leave after a visit


@dataclass(frozen=True, slots=True)
class Visits:
    """When the visits began, in order, seconds since the epoch; and how much each weighs."""

    ats: Sequence[float]
    weights: Sequence[float]

    @property
    def lasted(self) -> float:
        """Returns the seconds between the first and the last; 0 when there is none."""
        return self.ats[-1] - self.ats[0] if self.ats else 0.0

    def recent(self, at: float, half_life: float) -> float:
        """Returns the weight of all, each halved with every half-life that has passed since."""
        return sum(weight * math.exp2((each - at) / half_life) for each, weight in zip(self.ats, self.weights, strict=True))

    @property
    def counted(self) -> "Visits":
        """Returns the same without their weights."""
        return Visits(self.ats, [1.0] * len(self.ats))


def visits_of(rule: VisitsRule, moments: Moments) -> Visits:
    """Returns the visits that lie within the window before the last one."""
    ats = [at for at, _ in moments.troubles]
    ats = [at for at in ats if at > ats[-1] - rule.window.total_seconds()]
    if rule.value is None or not ats:
        return Visits(ats, [1.0] * len(ats))
    return Visits(ats, [rule.value.weight(amount) for amount in moments.amounts[-len(ats) :]])


def bg_nbd(visits: Visits, now: float, ahead: float) -> float:
    """Returns the chance of no visit within `ahead` seconds: the customer has left, or comes later.

    The rate's shape is the paper's r + x, times what a visit of this customer weighs on average.
    """
    repeats, known = len(visits.ats) - 1, max(now, visits.ats[-1]) - visits.ats[0] + PACE
    stays = 1.0
    if repeats:
        odds = math.log(LEAVES / (STAYS + repeats - 1)) + (RATE + repeats) * math.log(known / (PACE + visits.lasted))
        stays = 1 / (1 + math.exp(min(odds, 700.0)))
    shape = (RATE + repeats) * sum(visits.weights) / len(visits.weights)
    return 1 - stays * (1 - math.pow(known / (known + ahead), shape))


def discounted(visits: Visits, now: float, ahead: float, half_life: float) -> float:
    """Returns the chance of no visit within `ahead` seconds, of a customer whose rate drifts: what is known halves with each half-life.

    Time before the first visit counts as quiet, so that whoever is new is not yet sure to come back. Harvey, Fernandes, Time Series Models
    for Count or Qualitative Observations, Journal of Business & Economic Statistics 7 (1989).
    """
    known = PACE + memory(half_life)
    return math.pow(known / (known + ahead), RATE + visits.recent(max(now, visits.ats[-1]), half_life))


def memory(half_life: float) -> float:
    """Returns how many seconds weigh in all, when each weighs half a half-life later."""
    return half_life / math.log(2)
