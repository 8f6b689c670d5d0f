"""The rule for a stall: one customer has begun something, and the step that must follow does not come."""

from datetime import timedelta
from functools import cached_property
from typing import Literal

from pydantic import Field, model_validator

from services.monitor.aggregates.moments import Following, Matching
from services.monitor.rules.customers import CustomerRule
from shared.conditions import Condition
from shared.configuration.files import Config, PositiveDuration


class Expected(Config):
    """The step that must follow."""

    events: list[str] = Field(min_length=1, description="the event types that are this step")
    where: Condition = Field({}, description="which of them; all that is named must hold")


class StallRule(CustomerRule):
    """Per customer, the time since a step that was not followed by the expected one. Each such step starts the clock anew."""

    detector: Literal["stall"] = Field(description="how the customer is judged: by a step that does not follow another in time")
    expects: Expected = Field(description="the step that must follow")
    within: PositiveDuration = Field(description="how soon, by the wall clock: a risk is raised although nothing comes")
    window: PositiveDuration = Field(
        timedelta(days=30), description="after how long the step is given up, and the risk cleared; longer than `within`"
    )

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "StallRule":
        if self.window <= self.within:
            raise ValueError("window is not longer than within: the risk would be cleared as soon as it is raised")
        return self

    @cached_property
    def following(self) -> Following:
        """Returns what the rule wants remembered of each customer."""
        begins = Matching(frozenset(self.events), self.where)
        expected = Matching(frozenset(self.expects.events), self.expects.where)
        return Following(begins, expected, 1, self.window.total_seconds(), self.fingerprint)
