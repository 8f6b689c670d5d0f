"""The rule for a service level objective: a component spends its error budget much faster than it has it.

It is the "multiwindow, multi-burn-rate" alert of the Site Reliability Workbook, chapter 5 (https://sre.google/workbook/alerting-on-slos/).
A *burn rate* of 1 spends exactly the budget in the period of the objective. Both a long and a short window must be above the threshold:
the long one shows that it matters, the short one that it goes on.
"""

from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, model_validator

from services.monitor.rules.components import ComponentRule, Resolving
from shared.configuration.files import Config, Duration

MINUTE, HOUR = 60, 3600


class Pair(NamedTuple):
    """A long and a short window."""

    long: int  # seconds
    short: int
    spends: float  # the share of the whole budget that is spent in the long one when trouble is an incident
    names: tuple[str, str]  # of the windows, in figures


# For an objective over 30 days these are burn rates of 14.4 and 6.
FAST = Pair(HOUR, 5 * MINUTE, 0.02, ("1h", "5m"))
SLOW = Pair(6 * HOUR, 30 * MINUTE, 0.05, ("6h", "30m"))
PAIRS = (FAST, SLOW)


def _reasonable(period: timedelta) -> timedelta:
    if not timedelta(days=7) <= period <= timedelta(days=90):
        raise ValueError("the period of an objective is between 7 and 90 days")
    return period


class Opening(Config):
    """Trouble is an incident once the long and the short window of a pair are above its burn rate, and the long one has enough events."""

    events: int = Field(100, ge=1, description="events at least within the long window, good and bad")
    customers: int = Field(1, ge=0, description="distinct customers with bad events at least within it; 0 where machines speak")


class Calming(Resolving):
    """Trouble is over once both short windows have stayed below for `calm`, in event time."""

    events: int | None = Field(
        None, ge=1, description="events at least within 5 minutes, or it says nothing; not given: a twelfth of open.events"
    )


class BurnRule(ComponentRule):
    """Per component, how fast the error budget of an objective is spent: 14.4 times as fast as it lasts over 1 h and 5 min,
    or 6 times over 6 h and 30 min, where the objective is over 30 days; over others the same share of the budget."""

    detector: Literal["burn"] = Field(description="how the windows are judged: by how fast the error budget is spent")
    objective: Annotated[float, Field(gt=0, lt=100)] = Field(description="of all events so many percent are to be good: 99.9")
    period: Annotated[Duration, AfterValidator(_reasonable)] = Field(
        timedelta(days=30), description="over which time the objective holds: 7d to 90d"
    )
    open: Opening = Field(Opening(), description="how many events it takes, beside the burn rate")
    resolve: Calming = Field(Calming(), description="when it is over")

    @model_validator(mode="after")
    def _can_be_reached(self) -> "BurnRule":
        if (most := max(self.rates.values()) * self.budget) >= 1:
            raise ValueError(f"this never opens: over {self.period.days} days it would take {most:.0%} of events that are bad")
        return self

    @cached_property
    def budget(self) -> float:
        """Returns the share of events that may be bad."""
        return round(1 - self.objective / 100, 12)

    @cached_property
    def rates(self) -> dict[Pair, float]:
        """Returns the burn rate at which each pair of windows opens."""
        return {pair: round(pair.spends * self.period.total_seconds() / pair.long, 9) for pair in PAIRS}

    @property
    def windows(self) -> frozenset[int]:
        """Returns the windows that the rule looks at, in seconds; all end at the same moment."""
        return frozenset(seconds for pair in PAIRS for seconds in (pair.long, pair.short))

    @property
    def evidence(self) -> int:
        """Returns how many events the shortest window must hold before it can say that all is well."""
        return self.resolve.events or -(-self.open.events * FAST.short // FAST.long)
