"""What rules on the visits of customers say: what a visit is, how much it weighs, and how many are remembered."""

import math
from datetime import timedelta
from functools import cached_property
from typing import ClassVar

from pydantic import Field, model_validator

from services.monitor.aggregates.moments import Amount, Following, Matching
from services.monitor.rules.customers import CustomerRule
from shared.configuration.files import Config, PositiveDuration


class Value(Config):
    """A number that weighs a visit, such as what was paid."""

    field: str = Field(
        min_length=1, max_length=255, description="where an event says it; of a visit the greatest counts", examples=["data.amount"]
    )
    typical: float = Field(
        1.0,
        gt=0,
        le=1e12,
        description="the number with which a visit weighs as much as one that says none; others weigh by their logarithm",
    )

    def weight(self, amount: float) -> float:
        """Returns how much a visit with this number weighs: 1 for the typical one."""
        return math.log1p(amount) / math.log1p(self.typical)


class VisitsRule(CustomerRule):
    """A rule that looks at the visits of a customer, which nothing ends."""

    longest: ClassVar[timedelta] = timedelta(days=730)

    visit: PositiveDuration = Field(
        timedelta(days=1), description="events of the same so long are one visit, of the same day of UTC for 1d; at most a day"
    )
    visits: int = Field(5, ge=3, le=100, description="visits at least, or there is no rhythm yet")
    remember: int = Field(30, ge=3, le=400, description="visits that are remembered of a customer, the latest")
    value: Value | None = Field(None, description="a number that weighs a visit; not given: all weigh the same")
    ahead: PositiveDuration = Field(
        timedelta(days=90), description="for how long ahead the evidence says how likely it is that the customer does not come"
    )

    @model_validator(mode="after")
    def _fits(self) -> "VisitsRule":
        if self.visit > timedelta(days=1):
            raise ValueError("a visit lasts at most a day")
        if self.remember < self.visits:
            raise ValueError("remember is below visits: there would never be a rhythm")
        return self

    @cached_property
    def following(self) -> Following:
        """Returns what the rule wants remembered of each customer: their visits, which nothing ends."""
        visits = Matching(frozenset(self.events), self.where)
        amount = None if self.value is None else Amount(self.value.field, self.value.typical)
        window, visit = self.window.total_seconds(), self.visit.total_seconds()
        return Following(visits, None, self.remember, window, self.fingerprint, visit, amount)
