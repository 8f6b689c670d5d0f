"""The rule for silence: one customer is quiet for longer than their own rhythm explains."""

from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.monitor.aggregates.moments import Following, Matching
from services.monitor.rules.customers import CustomerRule
from shared.configuration.files import PositiveDuration


class SilenceRule(CustomerRule):
    """Per customer, the time since their last visit against the times between their visits before."""

    detector: Literal["silence"] = Field(description="how the customer is judged: by being quiet for longer than their rhythm explains")
    visit: PositiveDuration = Field(
        timedelta(days=1), description="events of the same so long are one visit, of the same day of UTC for 1d; at most a day"
    )
    visits: int = Field(5, ge=3, le=100, description="visits at least, or there is no rhythm yet")
    remember: int = Field(30, ge=3, le=100, description="visits that are remembered of a customer, the latest")
    chance: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.02, description="how likely so long a silence is by the rhythm at most, were visits to come by chance"
    )
    window: PositiveDuration = Field(
        timedelta(days=90), description="how far back visits count; after how long a silence the customer is given up, and the risk cleared"
    )

    @model_validator(mode="after")
    def _fits(self) -> "SilenceRule":
        if self.visit > timedelta(days=1):
            raise ValueError("a visit lasts at most a day")
        if self.remember < self.visits:
            raise ValueError("remember is below visits: there would never be a rhythm")
        return self

    @cached_property
    def following(self) -> Following:
        """Returns what the rule wants remembered of each customer: their visits, which nothing ends."""
        visits = Matching(frozenset(self.events), self.where)
        return Following(visits, None, self.remember, self.window.total_seconds(), self.fingerprint, self.visit.total_seconds())
