"""The rule for a payment that failed and was not made good in time."""

from datetime import timedelta
from functools import cached_property
from typing import Literal

from pydantic import Field, model_validator

from services.monitor.aggregates.moments import Following, Matching
from services.monitor.rules.customers import CustomerRule
from services.monitor.rules.stall import Expected
from shared.configuration.files import PositiveDuration


class PaymentRule(CustomerRule):
    """Per customer, the time since the first of the failed payments that none made good. `events` and `where` say which have failed."""

    detector: Literal["payment"] = Field(description="how the customer is judged: by failed payments that are not made good in time")
    paid: Expected = Field(description="the payments that went through: each makes good all that failed before")
    grace: PositiveDuration = Field(
        timedelta(days=3), description="for how long a failure may stay, by the wall clock: a risk is raised although nothing comes"
    )
    remember: int = Field(20, ge=1, le=100, description="failures that are remembered of a customer, the latest")
    window: PositiveDuration = Field(
        timedelta(days=30), description="after how long without another failure the risk is cleared; longer than `grace`"
    )

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "PaymentRule":
        if self.window <= self.grace:
            raise ValueError("window is not longer than grace: the risk would be cleared as soon as it is raised")
        return self

    @cached_property
    def following(self) -> Following:
        """Returns what the rule wants remembered of each customer."""
        failed = Matching(frozenset(self.events), self.where)
        paid = Matching(frozenset(self.paid.events), self.paid.where)
        return Following(failed, paid, self.remember, self.window.total_seconds(), self.fingerprint)
