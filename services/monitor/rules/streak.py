"""The rule for a failure streak: too much of what one customer tries fails, one after another."""

from datetime import timedelta
from functools import cached_property
from typing import Literal

from pydantic import Field

from services.monitor.aggregates.moments import Following, Matching
from services.monitor.rules.customers import CustomerRule
from shared.conditions import Condition
from shared.configuration.files import PositiveDuration


class StreakRule(CustomerRule):
    """Per customer, the failures since the last success."""

    detector: Literal["streak"] = Field(description="how the customer is judged: by failures in a row")
    bad: Condition = Field(min_length=1, description="what makes an event a failure; all that is named must hold")
    good: Condition | None = Field(
        None, description="what makes an event a success, which ends the row; not given: every event that is no failure does"
    )
    failures: int = Field(3, ge=1, le=100, description="failures in a row that are a risk; twice as many are remembered")
    window: PositiveDuration = Field(
        timedelta(days=7), description="no further apart in all than this; also after how long without a failure the risk is cleared"
    )

    @cached_property
    def following(self) -> Following:
        """Returns what the rule wants remembered of each customer."""
        events = frozenset(self.events)
        ends = Matching(events, self.where, self.good, but=self.bad)
        troubles = Matching(events, self.where, self.bad)
        return Following(troubles, ends, 2 * self.failures, self.window.total_seconds(), self.fingerprint)
